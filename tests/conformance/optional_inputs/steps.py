def in_python(n=None, text=None, all=None):
    return {"shown": repr((n, text, all)), "n_out": n, "text_out": text}
