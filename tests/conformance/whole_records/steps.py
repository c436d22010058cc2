def show(one, all) -> str:
    return repr((one and (one["n"], one["name"]), [(each["n"], each["name"]) for each in all]))
