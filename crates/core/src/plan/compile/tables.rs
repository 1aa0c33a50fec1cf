//! One table of a plan while it is compiled: its columns, bitmaps and steps, each of them once.

use std::collections::HashMap;

use super::super::{BitmapIndex, ColumnIndex, ColumnOrigin, EVERY_ROW, Link, Step, TablePlan};
use crate::expr::Condition;
use crate::table::{ColumnDefinition, ColumnType};

pub(super) struct TableCompiler {
    pub(super) plan: TablePlan,
    pub(super) definitions: &'static [ColumnDefinition],
    pub(super) types: Vec<ColumnType>,
    pub(super) conditions: HashMap<(Option<usize>, Condition), BitmapIndex>,
    /// Columns, and joined conditions, that are there already: of hundreds of handlers, too many to look through.
    known_columns: HashMap<ColumnOrigin, ColumnIndex>,
    known_joined: HashMap<Vec<BitmapIndex>, BitmapIndex>,
    /// Steps that stand in stages already, and the link that the next stage begins with.
    pub(super) staged: usize,
    pub(super) link: Option<Link>,
}

impl TableCompiler {
    pub(super) fn new(table: &'static str, definitions: &'static [ColumnDefinition]) -> Self {
        let plan = TablePlan {
            table,
            columns: Vec::new(),
            bitmaps: 1,
            steps: Vec::new(),
            feeds: Vec::new(),
            groups: Vec::new(),
        };
        Self {
            plan,
            definitions,
            types: Vec::new(),
            conditions: HashMap::new(),
            known_columns: HashMap::new(),
            known_joined: HashMap::new(),
            staged: 0,
            link: None,
        }
    }

    pub(super) fn bitmap(&mut self) -> BitmapIndex {
        self.plan.bitmaps += 1;
        self.plan.bitmaps - 1
    }

    pub(super) fn not(&mut self, of: BitmapIndex) -> BitmapIndex {
        let out = self.bitmap();
        self.plan.steps.push(Step::Not { out, of });
        out
    }

    pub(super) fn all_of(&mut self, mut parts: Vec<BitmapIndex>) -> BitmapIndex {
        parts.retain(|part| *part != EVERY_ROW);
        parts.sort_unstable();
        parts.dedup();
        match parts[..] {
            [] => EVERY_ROW,
            [only] => only,
            _ => {
                if let Some(same) = self.known_joined.get(&parts) {
                    return *same;
                }
                let out = self.bitmap();
                self.known_joined.insert(parts.clone(), out);
                self.plan.steps.push(Step::And { out, parts });
                out
            }
        }
    }

    pub(super) fn any_of(&mut self, parts: Vec<BitmapIndex>) -> BitmapIndex {
        if parts.contains(&EVERY_ROW) {
            return EVERY_ROW;
        }
        let out = self.bitmap();
        self.plan.steps.push(Step::Or { out, parts });
        out
    }

    pub(super) fn plain_column(&mut self, source: ColumnOrigin, kind: ColumnType) -> ColumnIndex {
        *self.known_columns.entry(source).or_insert_with_key(|source| {
            self.plan.columns.push(source.clone());
            self.types.push(kind);
            self.types.len() - 1
        })
    }

    /// A column that a step must fill.
    pub(super) fn column(
        &mut self,
        source: ColumnOrigin,
        kind: ColumnType,
        step: fn(ColumnIndex) -> Step,
    ) -> ColumnIndex {
        let before = self.types.len();
        let column = self.plain_column(source, kind);
        if column == before {
            self.plan.steps.push(step(column));
        }
        column
    }
}
