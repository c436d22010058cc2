# Part: small expressions over the inputs, computed before the step starts.
#
# An expression is an object of one key: `lit` with a value, `in` with the name of an input, `field` with an expression and a name,
# `coalesce`, `and`, `or`, `concat`, `list` with expressions, `not`, `mark`, `lines`, `texts` with one, `map` with expressions by name, `compare` with an operator's
# symbol and two expressions.


def evaluate(tree, scope):
    ((kind, part),) = tree.items()
    if kind == "lit":
        return part
    if kind == "in":
        return scope[part]
    if kind == "field":
        return field_of(evaluate(part[0], scope), part[1])
    if kind == "coalesce":
        first = evaluate(part[0], scope)
        return evaluate(part[1], scope) if first is None else first
    if kind == "and":
        return all(evaluate(item, scope) for item in part)
    if kind == "or":
        return any(evaluate(item, scope) for item in part)
    if kind == "not":
        return not evaluate(part, scope)
    if kind == "compare":
        return compare(part[0], evaluate(part[1], scope), evaluate(part[2], scope))
    if kind == "concat":
        return "".join(text_in(evaluate(item, scope)) for item in part)
    if kind == "mark":
        # Empty when absent, else a dot and the text: for a shell, which has no absent texts.
        value = evaluate(part, scope)
        return "" if value is None else "." + text_in(value)
    if kind == "lines":
        return "\n".join(evaluate(part, scope))
    if kind == "texts":
        return [dumps(item) for item in evaluate(part, scope)]
    if kind == "list":
        return [evaluate(item, scope) for item in part]
    return dict((name, evaluate(item, scope)) for name, item in part.items())


def field_of(value, name):
    if isinstance(value, list):
        return [field_of(item, name) for item in value]
    return None if value is None else value.get(name)


def text_in(value):
    if value is None:
        raise Refused("an absent value has no text")
    return value if isinstance(value, str) else dumps(value)


def compare(symbol, a, b):
    if symbol in ("==", "!="):
        return (a == b) == (symbol == "==")
    if a is None or b is None:
        raise Refused("an absent value can't be compared")
    return a < b if symbol == "<" else a <= b if symbol == "<=" else a > b if symbol == ">" else a >= b


# A step that is no more than its outputs' expressions.
def give(step, values, places):
    return dict((name, evaluate(tree, values)) for name, tree in step["give"].items())


# A step that fails with a message.
def fail_with(step, values, places):
    raise Refused(text_in(evaluate(step["fail"], values)))


# A step that fails with a message unless its condition holds.
def require(step, values, places):
    if not evaluate(step["require"], values):
        fail_with({"fail": step["message"]}, values, places)
    return {}


WORK.update(give=give, fail=fail_with, require=require)
