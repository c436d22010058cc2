//! What an expression in a scope sees.

use super::{Role, Scope, ScopeId, Tree};
use crate::plan::{RunField, eval};
use crate::value::Value;

impl<'p> Tree<'p> {
    pub(super) fn view(&self, scope: ScopeId) -> View<'_, 'p> {
        View {
            tree: self,
            scope,
            optional: false,
        }
    }

    /// The same, where what has no value is absent.
    pub(super) fn lenient_view(&self, scope: ScopeId) -> View<'_, 'p> {
        View {
            optional: true,
            ..self.view(scope)
        }
    }

    pub(super) fn fact(&self, field: RunField) -> Value {
        Value::Str(match field {
            RunField::Id => self.facts.id.clone(),
            RunField::Name => self.facts.name.clone(),
            RunField::Date => self.facts.date.clone(),
            RunField::IntervalStart => self.facts.interval_start.clone(),
            RunField::IntervalEnd => self.facts.interval_end.clone(),
            RunField::Status => return Value::Absent,
        })
    }
}

/// What an expression in a scope sees.
#[derive(Clone, Copy)]
pub(super) struct View<'t, 'p> {
    tree: &'t Tree<'p>,
    scope: ScopeId,
    /// What has no value is absent.
    optional: bool,
}

static ABSENT: Value = Value::Absent;

impl View<'_, '_> {
    /// The scope and those around it, innermost first, with whether `finally` lies between.
    fn around(&self) -> impl Iterator<Item = (&Scope<'_>, bool)> {
        let (mut next, mut optional) = (Some(self.scope), self.optional);
        std::iter::from_fn(move || {
            let scope = &self.tree.scopes[next?.0];
            let this = (scope, optional);
            optional |= matches!(scope.role, Role::Finally);
            next = scope.parent;
            Some(this)
        })
    }
}

impl eval::Scope for View<'_, '_> {
    fn param(&self, name: &str) -> Option<&Value> {
        let frame = self.tree.scopes[self.scope.0].frame;
        self.tree.frames[frame.0].params.get(name)
    }

    fn task(&self, name: &str) -> Option<&Value> {
        let (scope, at, optional) = self
            .around()
            .find_map(|(scope, optional)| scope.block.find(name).map(|at| (scope, at, optional)))?;
        let value = self.tree.nodes[scope.first + at].value.as_ref();
        if optional {
            Some(value.unwrap_or(&ABSENT))
        } else {
            value
        }
    }

    fn item(&self, variable: &str) -> Option<&Value> {
        self.around().find_map(|(scope, _)| match &scope.item {
            Some((name, value)) if *name == variable => Some(value),
            _ => None,
        })
    }

    fn run(&self, field: RunField) -> Option<Value> {
        let scope = &self.tree.scopes[self.scope.0];
        match field {
            RunField::Status if !scope.in_finally => None,
            RunField::Status => self.tree.frames[scope.frame.0]
                .status
                .map(|status| Value::Str(status.text().into())),
            field => Some(self.tree.fact(field)),
        }
    }
}
