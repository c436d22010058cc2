//! What an expression of a plan is in a scope.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Compare, Expr, Op, RunField};
use crate::value::{Value, ops};

/// Where the names of an expression get their values.
pub trait Scope {
    fn param(&self, name: &str) -> Option<&Value>;
    /// The value of a statement that is done.
    fn task(&self, name: &str) -> Option<&Value>;
    fn item(&self, variable: &str) -> Option<&Value>;
    fn run(&self, field: RunField) -> Option<Value>;
}

/// The value of an expression. The error says why there is none, in a few words.
pub fn eval<'a>(expr: &'a Expr, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, String> {
    let known = |value: Option<&'a Value>, what: &str, name: &str| {
        value
            .map(Cow::Borrowed)
            .ok_or_else(|| format!("there is no {what} `{name}` here"))
    };
    let owned = |value: Value| Ok(Cow::Owned(value));
    match expr {
        Expr::Lit(value) => Ok(Cow::Borrowed(value)),
        Expr::Param(name) => known(scope.param(name), "parameter", name),
        Expr::Task(name) => known(scope.task(name), "value", name),
        Expr::Item(name) => known(scope.item(name), "item", name),
        Expr::Run(field) => match scope.run(*field) {
            Some(value) => owned(value),
            None => Err("`run.status` is known in `finally` only".into()),
        },
        Expr::Field(inner, name) => {
            let inner = eval(inner, scope)?;
            if let Cow::Borrowed(Value::Map(entries)) = inner
                && let Some(value) = entries.get(name)
            {
                return Ok(Cow::Borrowed(value));
            }
            ops::field(&inner, name).map(Cow::Owned)
        }
        Expr::Coalesce(first, second) => {
            let first = eval(first, scope)?;
            if first.is_absent() {
                eval(second, scope)
            } else {
                Ok(first)
            }
        }
        Expr::And(a, b) => owned(Value::Bool(truth(a, scope)? && truth(b, scope)?)),
        Expr::Or(a, b) => owned(Value::Bool(truth(a, scope)? || truth(b, scope)?)),
        Expr::Not(inner) => owned(Value::Bool(!truth(inner, scope)?)),
        Expr::Compare(comparison) => owned(Value::Bool(compare(comparison, scope)?)),
        Expr::Concat(parts) => {
            let parts = parts
                .iter()
                .map(|part| eval(part, scope))
                .collect::<Result<Vec<_>, _>>()?;
            ops::concat(parts.iter().map(Cow::as_ref)).map(Cow::Owned)
        }
        Expr::List(items) => {
            let items = items
                .iter()
                .map(|item| eval(item, scope).map(Cow::into_owned));
            items
                .collect::<Result<_, _>>()
                .map(|items| Cow::Owned(Value::List(items)))
        }
        Expr::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), eval(value, scope)?.into_owned())));
            entries
                .collect::<Result<Vec<_>, String>>()
                .map(|entries| Cow::Owned(ops::map(entries)))
        }
        Expr::Widen(inner, ty) => Ok(Cow::Owned(ty.widen(eval(inner, scope)?.into_owned()))),
    }
}

/// The value of a condition.
pub fn truth(expr: &Expr, scope: &dyn Scope) -> Result<bool, String> {
    match eval(expr, scope)?.as_ref() {
        Value::Bool(value) => Ok(*value),
        other => Err(format!("a condition is a bool, not {}", ops::kind(other))),
    }
}

fn compare(comparison: &Compare, scope: &dyn Scope) -> Result<bool, String> {
    let (left, right) = (
        eval(&comparison.left, scope)?,
        eval(&comparison.right, scope)?,
    );
    let order = match (left.as_ref(), right.as_ref()) {
        (Value::Str(left), Value::Str(right)) if comparison.datetime => {
            Some(ops::compare_datetimes(left, right))
        }
        (left, right) => ops::compare(left, right),
    };
    let nan = |value: &Value| matches!(value, Value::Float(float) if float.is_nan());
    if order.is_none() && !nan(&left) && !nan(&right) {
        return Err(format!(
            "{} and {} can't be compared",
            ops::kind(&left),
            ops::kind(&right)
        ));
    }
    Ok(match comparison.op {
        Op::Equal => order == Some(Ordering::Equal),
        Op::NotEqual => order != Some(Ordering::Equal),
        Op::Less => order == Some(Ordering::Less),
        Op::LessEqual => order.is_some_and(Ordering::is_le),
        Op::Greater => order == Some(Ordering::Greater),
        Op::GreaterEqual => order.is_some_and(Ordering::is_ge),
    })
}

/// Calls `found` with the name of every statement that the expression reads.
pub fn names<'a>(expr: &'a Expr, found: &mut dyn FnMut(&'a str)) {
    match expr {
        Expr::Task(name) => found(name),
        Expr::Lit(_) | Expr::Param(_) | Expr::Run(_) | Expr::Item(_) => {}
        Expr::Field(inner, _) | Expr::Not(inner) | Expr::Widen(inner, _) => names(inner, found),
        Expr::Coalesce(a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
            names(a, found);
            names(b, found);
        }
        Expr::Compare(comparison) => {
            names(&comparison.left, found);
            names(&comparison.right, found);
        }
        Expr::Concat(items) | Expr::List(items) => items.iter().for_each(|item| names(item, found)),
        Expr::Map(entries) => entries.values().for_each(|value| names(value, found)),
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;

    /// Parameters only.
    struct Params(IndexMap<String, Value>);

    impl Scope for Params {
        fn param(&self, name: &str) -> Option<&Value> {
            self.0.get(name)
        }
        fn task(&self, _: &str) -> Option<&Value> {
            None
        }
        fn item(&self, _: &str) -> Option<&Value> {
            None
        }
        fn run(&self, _: RunField) -> Option<Value> {
            None
        }
    }

    fn check(expr: &str, expected: Result<&str, &str>) {
        let params = r#"{"none": null, "small": 1e-05, "n": 3, "s": "x", "rows": [{"a": 1}, {"a": 2}], "t": true}"#;
        let params: IndexMap<String, Value> = serde_json::from_str(params).unwrap();
        let expr: Expr = serde_json::from_str(expr).unwrap();
        let scope = Params(params);
        let found = eval(&expr, &scope).map(|value| value.json());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn expressions_have_values() {
        let compare = |op: &str, left: &str, right: &str| {
            format!(r#"{{"compare": {{"op": "{op}", "left": {left}, "right": {right}}}}}"#)
        };
        let (small, n, none) = (
            r#"{"param": "small"}"#,
            r#"{"param": "n"}"#,
            r#"{"param": "none"}"#,
        );
        check(&compare(">=", small, r#"{"lit": 0.8}"#), Ok("false"));
        check(&compare("==", n, r#"{"lit": 3.0}"#), Ok("true"));
        check(
            &compare("<", none, n),
            Err("an absent value and an int can't be compared"),
        );
        check(
            &format!(r#"{{"coalesce": [{none}, {{"lit": 5}}]}}"#),
            Ok("5"),
        );
        check(&format!(r#"{{"field": [{none}, "a"]}}"#), Ok("null"));
        check(r#"{"field": [{"param": "rows"}, "a"]}"#, Ok("[1, 2]"));
        check(
            &format!(
                r#"{{"concat": [{{"lit": "n="}}, {n}, {{"lit": " "}}, {small}, {{"param": "t"}}]}}"#
            ),
            Ok(r#""n=3 1e-05true""#),
        );
        check(
            &format!(r#"{{"concat": [{none}]}}"#),
            Err("an absent value has no text"),
        );
        check(
            &format!(r#"{{"widen": [{{"list": [{n}, {small}]}}, {{"list": "float"}}]}}"#),
            Ok("[3.0, 1e-05]"),
        );
        check(
            r#"{"map": {"k": {"not": {"param": "t"}}}}"#,
            Ok(r#"{"k": false}"#),
        );
    }

    #[test]
    fn the_second_operand_is_looked_at_only_when_it_counts() {
        check(
            r#"{"or": [{"param": "t"}, {"param": "missing"}]}"#,
            Ok("true"),
        );
        check(
            r#"{"and": [{"not": {"param": "t"}}, {"param": "missing"}]}"#,
            Ok("false"),
        );
        check(
            r#"{"and": [{"param": "t"}, {"param": "missing"}]}"#,
            Err("there is no parameter `missing` here"),
        );
        check(
            r#"{"not": {"param": "n"}}"#,
            Err("a condition is a bool, not an int"),
        );
    }

    #[test]
    fn datetimes_are_equal_as_points_in_time() {
        let compare = r#"{"compare": {"op": "==", "datetime": true, "left": {"lit": "2024-01-01T00:00:00Z"},
            "right": {"lit": "2024-01-01T02:00:00+02:00"}}}"#;
        check(compare, Ok("true"));
    }
}
