import os


def one_by_one(folder: str, all: list) -> bool:
    with open(os.path.join(folder, "journal")) as journal:
        words = [line.split() for line in journal]
    assert len(words) == 8 and all == [0, 1, 2, 3]
    pairs = zip(words[::2], words[1::2])
    return all_in_turn(pairs)


def all_in_turn(pairs) -> bool:
    return all(first[0] == "in" and last[0] == "out" and first[1] == last[1] for first, last in pairs)
