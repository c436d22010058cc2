def total(all: list) -> int:
    assert isinstance(all, list) and all == [i * i for i in range(len(all))], all
    return sum(all)
