//! Conditions become bitmaps of rows; equal ones become one.

use serde_json::Value;

use super::super::columns::PlaceTest;
use super::super::{BitmapIndex, EVERY_ROW, ListRegister, Register, Slot, Step};
use super::{Compiler, Scope, place_in};
use crate::Error;
use crate::expr::{ColumnName, Condition, Test};
use crate::hosts::Hosts;
use crate::metric::ItemKind;
use crate::table::ColumnType;

impl Compiler {
    pub(super) fn parsed_condition(&mut self, scope: &Scope, json: &Value) -> Result<BitmapIndex, Error> {
        self.condition(scope, &Condition::parse(json)?)
    }

    /// The bitmap of a condition; made once for equal conditions.
    pub(super) fn condition(&mut self, scope: &Scope, condition: &Condition) -> Result<BitmapIndex, Error> {
        let shared_by = is_of_handler(condition).then_some(scope.handler);
        let key = (shared_by, condition.clone());
        if let Some(known) = self.tables[scope.table].conditions.get(&key) {
            return Ok(*known);
        }
        let bitmap = self.new_condition(scope, condition)?;
        self.tables[scope.table].conditions.insert(key, bitmap);
        Ok(bitmap)
    }

    pub(super) fn new_condition(&mut self, scope: &Scope, condition: &Condition) -> Result<BitmapIndex, Error> {
        let all = |compiler: &mut Self, parts: &[Condition]| {
            parts.iter().map(|part| compiler.condition(scope, part)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match condition {
            Condition::True => EVERY_ROW,
            Condition::Not(inner) => {
                let of = self.condition(scope, inner)?;
                self.tables[scope.table].not(of)
            }
            Condition::And(parts) => {
                let parts = all(self, parts)?;
                self.all_of(scope, parts)
            }
            Condition::Or(parts) => {
                let parts = all(self, parts)?;
                self.tables[scope.table].any_of(parts)
            }
            Condition::Verdict(name) => match name.as_str() {
                "event" => scope.verdicts.event,
                "passed" => scope.verdicts.passed,
                "filtered" => scope.verdicts.filtered,
                "sampled" => scope.verdicts.sampled,
                _ => scope.verdicts.deep,
            },
            Condition::Compare { column, comparison, value } => {
                self.test(scope, column, Test::Compare(*comparison, *value))?
            }
            Condition::In { column, values } => self.test(scope, column, Test::In(values.clone()))?,
            Condition::Bits { column, mask } => self.test(scope, column, Test::Bits(*mask))?,
            Condition::Cidr { column, networks } => {
                self.test(scope, column, Test::Cidr(Hosts::new(networks.iter().copied())))?
            }
            Condition::Text { column, how, texts } => self.test(scope, column, Test::text(*how, texts))?,
            Condition::Present { column } => self.test(scope, column, Test::Present)?,
            Condition::Place { column, how, texts } => {
                let column = self.column(scope, column, scope.verdicts.event)?;
                let table = &mut self.tables[scope.table];
                let out = table.bitmap();
                let test = PlaceTest::new(*how, texts.clone());
                table.plan.steps.push(Step::PlaceTest { out, column, test });
                out
            }
            Condition::Slow { column, metric, quantile_percent } => {
                self.slow(scope, column, *metric, *quantile_percent)?
            }
            Condition::Listed { column, metric, most } => self.listed(scope, column, *metric, *most)?,
        })
    }

    pub(super) fn test(&mut self, scope: &Scope, column: &ColumnName, test: Test) -> Result<BitmapIndex, Error> {
        let column = self.column(scope, column, EVERY_ROW)?;
        let table = &mut self.tables[scope.table];
        let kind = table.types[column];
        if !test.fits(kind) {
            return Err(Error::invalid(format!("a column of type {} can't be tested so", kind.name())));
        }
        let out = table.bitmap();
        table.plan.steps.push(Step::Test { out, column, test });
        Ok(out)
    }

    pub(super) fn slow(
        &mut self,
        scope: &Scope,
        column: &ColumnName,
        metric: usize,
        percent: u8,
    ) -> Result<BitmapIndex, Error> {
        let column = self.column(scope, column, EVERY_ROW)?;
        let metric = self.metric_before(scope, "slow", metric)?;
        let register = Register { metric, quantile_percent: percent };
        let known = self.registers.iter().position(|known| *known == register);
        let register = known.unwrap_or_else(|| {
            self.registers.push(register);
            self.registers.len() - 1
        });
        let table = &mut self.tables[scope.table];
        let out = table.bitmap();
        table.plan.steps.push(Step::Slow { out, column, register });
        Ok(out)
    }

    pub(super) fn listed(
        &mut self,
        scope: &Scope,
        column: &ColumnName,
        metric: usize,
        most: usize,
    ) -> Result<BitmapIndex, Error> {
        let column = self.column(scope, column, EVERY_ROW)?;
        let metric = self.metric_before(scope, "listed", metric)?;
        if self.tables[scope.table].types[column] != ColumnType::Text || self.metrics[metric].items != ItemKind::Text {
            return Err(Error::invalid("'listed' takes a column of texts, and a top list of texts"));
        }
        let list = place_in(&mut self.lists, ListRegister { metric, most });
        let table = &mut self.tables[scope.table];
        let out = table.bitmap();
        table.plan.steps.push(Step::Listed { out, column, list });
        Ok(out)
    }

    /// Where a metric of the handler stands of which a condition looks at the window before.
    pub(super) fn metric_before(&self, scope: &Scope, operator: &str, metric: usize) -> Result<usize, Error> {
        match self.slots.get(scope.handler).and_then(|slots| slots.get(metric)) {
            Some(Slot::Metric(metric)) => Ok(*metric),
            _ => Err(Error::invalid(format!(
                "'{operator}' names metric {metric}, which the handler has not, or grouped"
            ))),
        }
    }
}

/// Whether a condition means something else in another handler.
fn is_of_handler(condition: &Condition) -> bool {
    let is_exchange = |column: &ColumnName| matches!(column, ColumnName::Plain(name) if name.starts_with("xact."));
    match condition {
        Condition::True => false,
        Condition::Not(inner) => is_of_handler(inner),
        Condition::And(parts) | Condition::Or(parts) => parts.iter().any(is_of_handler),
        Condition::Verdict(_) | Condition::Slow { .. } | Condition::Listed { .. } | Condition::Place { .. } => true,
        Condition::Compare { column, .. }
        | Condition::In { column, .. }
        | Condition::Bits { column, .. }
        | Condition::Cidr { column, .. }
        | Condition::Text { column, .. }
        | Condition::Present { column } => is_exchange(column),
    }
}
