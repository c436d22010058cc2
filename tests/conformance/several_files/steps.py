def tell(found: dict, name: str) -> str:
    return f"{found['name']} {found['size']} {name}"
