def echo(text: str, all: list) -> dict:
    return {"text_out": text, "all_out": all}
