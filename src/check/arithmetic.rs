//! Arithmetic on constants.

use crate::resolve::module::Arithmetic;
use crate::value::Value;

/// Arithmetic as Python does it: `/` gives a float, `%` takes the divisor's sign. The error says what is wrong.
pub(super) fn apply(op: Arithmetic, a: &Value, b: &Value) -> Result<Value, &'static str> {
    const RANGE: &str = "the result does not fit 64 bits";
    const ZERO: &str = "this divides by zero";
    if let (Value::Int(a), Value::Int(b)) = (a, b) {
        let whole = match op {
            Arithmetic::Add => a.checked_add(*b),
            Arithmetic::Subtract => a.checked_sub(*b),
            Arithmetic::Multiply => a.checked_mul(*b),
            Arithmetic::Divide if *b == 0 => return Err(ZERO),
            Arithmetic::Divide => return Ok(Value::Float(*a as f64 / *b as f64)),
            Arithmetic::Remainder if *b == 0 => return Err(ZERO),
            Arithmetic::Remainder => a.checked_rem(*b).map(|rest| {
                if rest != 0 && (rest < 0) != (*b < 0) {
                    rest + b
                } else {
                    rest
                }
            }),
        };
        return whole.map(Value::Int).ok_or(RANGE);
    }
    let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) else {
        return Err("this is not a number");
    };
    let result = match op {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide | Arithmetic::Remainder if b == 0.0 => return Err(ZERO),
        Arithmetic::Divide => a / b,
        Arithmetic::Remainder => {
            let rest = a % b;
            if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
                rest + b
            } else {
                rest
            }
        }
    };
    if result.is_finite() {
        Ok(Value::Float(result))
    } else {
        Err("the result is no finite number")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_pythons() {
        let int = |op, a, b| apply(op, &Value::Int(a), &Value::Int(b));
        assert_eq!(int(Arithmetic::Remainder, -7, 3), Ok(Value::Int(2)));
        assert_eq!(int(Arithmetic::Remainder, 7, -3), Ok(Value::Int(-2)));
        assert_eq!(int(Arithmetic::Divide, 1, 2), Ok(Value::Float(0.5)));
        assert!(int(Arithmetic::Add, i64::MAX, 1).is_err());
        assert!(int(Arithmetic::Remainder, 1, 0).is_err());
    }
}
