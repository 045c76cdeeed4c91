//! What a text reads, from its parsed tree: letter case, comma joins, subqueries and comments make no difference.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Ident, ObjectName, Query, Visit, Visitor};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError};

/// The relations a text reads that are not its own common table expressions, by their plain names.
///
/// # Errors
/// When the text is not SQL that the engine's parser reads.
pub(crate) fn relations(sql: &str) -> Result<BTreeSet<String>, ParserError> {
    let statements = Parser::parse_sql(&GenericDialect {}, sql)?;
    let mut reader = Reader::default();
    // The visitor below never breaks off.
    let _finished = statements.visit(&mut reader);
    Ok(reader.found)
}

/// Collects relations; `scopes` holds the common table expressions of every query around the place visited.
#[derive(Debug, Default)]
struct Reader {
    scopes: Vec<BTreeSet<String>>,
    found: BTreeSet<String>,
}

impl Visitor for Reader {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let own = query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| plain(&cte.alias.name));
        self.scopes.push(own.collect());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        if let [part] = relation.0.as_slice()
            && let Some(name) = part.as_ident().map(plain)
            && !self.scopes.iter().any(|scope| scope.contains(&name))
        {
            self.found.insert(name);
        }
        ControlFlow::Continue(())
    }
}

/// A name as the engine compares it: unquoted ones have no letter case.
fn plain(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> Vec<String> {
        relations(sql).unwrap().into_iter().collect()
    }

    #[test]
    fn the_way_a_relation_is_written_makes_no_difference() {
        assert_eq!(read("select 1 from Usage u, spine where true"), ["spine", "usage"]);
        assert_eq!(
            read("SELECT (SELECT max(value) FROM usage) FROM a JOIN LATERAL (SELECT * FROM b) ON true"),
            ["a", "b", "usage"]
        );
        assert_eq!(read("SELECT 1 FROM a -- FROM usage\n/* FROM spine */ WHERE 'FROM x' <> ''"), ["a"]);
        assert_eq!(read("SELECT usage FROM a AS usage WHERE EXISTS (SELECT 1 FROM c)"), ["a", "c"]);
        assert_eq!(read("SELECT 1 FROM a UNION ALL SELECT 2 FROM \"Odd\""), ["Odd", "a"]);
    }

    #[test]
    fn a_common_table_expression_is_no_relation_and_hides_nothing_outside() {
        assert_eq!(
            read("WITH c AS (SELECT 1 FROM a), d AS (SELECT 1 FROM C) SELECT 1 FROM d, b"),
            ["a", "b"]
        );
        assert_eq!(read("SELECT 1 FROM (WITH c AS (SELECT 1 FROM a) SELECT 1 FROM c) AS x, c"), ["a", "c"]);
    }

    #[test]
    fn what_is_not_sql_is_an_error() {
        assert!(relations("SELEC 1 FROM a").is_err() && relations("'open").is_err());
    }
}
