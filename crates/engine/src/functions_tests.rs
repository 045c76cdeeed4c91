//! The functions asked in SQL, and the tables of `queries/README.md` compared with the model.

use arrow::util::display::{ArrayFormatter, FormatOptions};
use utbredt_model::{CellState, Marks};

use super::*;

/// What a SELECT of one column answers, row by row.
async fn answers(sql: &str) -> Result<Vec<String>> {
    let context = SessionContext::new();
    register(&context);
    let batches = context.sql(sql).await?.collect().await?;
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    for batch in &batches {
        let column = ArrayFormatter::try_new(batch.column(0), &options)?;
        rows.extend((0..batch.num_rows()).map(|row| column.value(row).to_string()));
    }
    Ok(rows)
}

async fn answer(expression: &str) -> String {
    answers(&format!("SELECT {expression}")).await.unwrap().join(" ")
}

#[tokio::test]
async fn a_cell_has_the_state_of_its_worst_input() {
    assert_eq!(answer("cell_state(true)").await, "ok");
    assert_eq!(answer("cell_state(true, 'ok', 'missing', 'not_applicable')").await, "missing");
    assert_eq!(answer("cell_state(true, 'missing', 'suppressed')").await, "suppressed");
    assert_eq!(answer("cell_state(true, false, 'suppressed')").await, "not_valid");
    assert_eq!(answer("cell_state('ok', NULL)").await, "not_applicable/no_measure");
    let two = "cell_state('missing/not_delivered', 'missing/incomplete_period', 'not_applicable/no_price')";
    assert_eq!(answer(two).await, "missing/incomplete_period not_delivered");
    assert_eq!(answer("cell_state(CAST(NULL AS BOOLEAN), 'ok')").await, "not_valid");
}

#[tokio::test]
async fn a_denominator_that_is_absent_or_zero_does_not_apply() {
    let sql = "SELECT denominator_state(column1) FROM (VALUES (CAST(7 AS BIGINT)), (0), (NULL))";
    assert_eq!(
        answers(sql).await.unwrap(),
        ["ok", "not_applicable/no_denominator", "not_applicable/no_denominator"]
    );
    let sql = "SELECT state_if(column1 > 0, 'missing') FROM (VALUES (7), (0), (NULL))";
    assert_eq!(answers(sql).await.unwrap(), ["missing", "ok", "ok"]);
    let sql = "SELECT is_expected(column1) FROM (VALUES ('ok'), ('suppressed'), ('not_valid'), (NULL))";
    assert_eq!(answers(sql).await.unwrap(), ["true", "true", "false", "false"]);
}

/// Reported, expected, suppressed, not valid.
#[tokio::test]
async fn an_area_is_counted() {
    assert_eq!(answer("area_state(1, 3, 1, 1, NULL)").await, "ok");
    assert_eq!(answer("area_state(0, 3, 1, 1, NULL)").await, "suppressed");
    let cells = "area_state(0, 2, 0, 1, 'missing/not_delivered,not_valid,missing/incomplete_period')";
    assert_eq!(answer(cells).await, "missing/incomplete_period not_delivered");
    assert_eq!(answer("area_state(0, 0, 0, 1, NULL)").await, "not_valid");
    assert_eq!(answer("area_state(NULL, 0, 0, 0, NULL)").await, "not_applicable");
    assert_eq!(answer("area_marks(8, 2, 3, 0)").await, "24");
    assert_eq!(answer("area_marks(8, 3, 3, 1)").await, "24");
    assert_eq!(answer("area_marks(8, 3, 3, 0)").await, "8");
    assert_eq!(answer("area_marks(8, 0, 3, 1)").await, "8");
}

#[tokio::test]
async fn marks_are_named() {
    assert_eq!(answer("mark('synthetic') | mark('partial')").await, "24");
    let sql = "SELECT mark('provisional', column1) FROM (VALUES (true), (false), (NULL))";
    assert_eq!(answers(sql).await.unwrap(), ["1", "0", "0"]);
    assert_eq!(answer("has_mark(24, 'provisional', 'partial')").await, "true");
    assert_eq!(answer("has_mark(24, 'provisional', 'imputed')").await, "false");
}

/// Of 10 the parts [0,1), [1,2) and [2,3) of 3 carry 3, 3 and 4: 10/3 = 3, 20/3 = 6, 30/3 = 10.
#[tokio::test]
async fn parts_add_up_to_the_whole() {
    let sql = "SELECT split_by_weight(10, column1, column1 + 1, 3) FROM (VALUES (0), (1), (2))";
    assert_eq!(answers(sql).await.unwrap(), ["3", "3", "4"]);
    assert_eq!(answer("split_by_weight(NULL, 0, 1, 3)").await, "NULL");
}

/// A day in Oslo begins an hour before that of UTC in winter, and two in summer.
#[tokio::test]
async fn a_moment_is_on_a_day_in_oslo() {
    for (moment, day) in [
        ("2024-01-31T22:59:59Z", "2024-01-31"),
        ("2024-01-31T23:00:00Z", "2024-02-01"),
        ("2024-07-31T22:00:00Z", "2024-08-01"),
    ] {
        let moment = format!("arrow_cast('{moment}', 'Timestamp(Microsecond, Some(\"UTC\"))')");
        assert_eq!(answer(&format!("oslo_day({moment})")).await, day, "{moment}");
    }
}

/// 100 a year: 3100 / 366 is 8, 6000 / 366 is 16.
#[tokio::test]
async fn a_yearly_amount_falls_on_days() {
    let sql = "SELECT over_days(100, column1, column2) FROM (VALUES \
               (DATE '2020-01-01', DATE '2020-02-01'), (DATE '2020-02-01', DATE '2020-03-01'), (DATE '2020-02-01', NULL))";
    assert_eq!(answers(sql).await.unwrap(), ["8", "8", "NULL"]);
    assert_eq!(answer("over_days(100, DATE '2019-01-01', DATE '2021-01-01')").await, "200");
}

#[tokio::test]
async fn a_wrong_word_or_type_is_refused_while_planning() {
    let context = SessionContext::new();
    register(&context);
    for (sql, part) in [
        ("SELECT mark('guessed')", "`guessed` is no mark"),
        ("SELECT has_mark(column1, 'gessed') FROM (VALUES (1))", "`gessed` is no mark"),
        ("SELECT cell_state(column1, 'mising') FROM (VALUES (true))", "`mising` is no state"),
        ("SELECT denominator_state(1.5)", "argument 1 of denominator_state is"),
        ("SELECT area_state(1, 2)", "area_state does not take 2 arguments"),
        ("SELECT over_days(1, 2, 3)", "argument 2 of over_days is"),
        ("SELECT has_mark(1)", "has_mark does not take 1 arguments"),
    ] {
        let planned = context.state().create_logical_plan(sql).await;
        let error = planned.expect_err(sql).to_string();
        assert!(error.contains(part), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_call_with_constants_is_computed_while_planning() {
    let context = SessionContext::new();
    register(&context);
    let sql = "SELECT column1 | mark('partial') AS marks FROM (VALUES (1))";
    let plan = context.sql(sql).await.unwrap().into_optimized_plan().unwrap().to_string();
    assert!(plan.contains("Int64(16)") && !plan.contains("mark("), "{plan}");
}

/// The rows of the README's table that begins with this head, each as its cells without the marks of code.
fn table(head: &str) -> Vec<Vec<String>> {
    let readme = include_str!("../../../queries/README.md");
    let start = readme.find(head).unwrap_or_else(|| panic!("queries/README.md has no table {head}"));
    let lines = readme[start..].lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    };
    lines.map(cells).collect()
}

#[test]
fn the_readme_ranks_states_as_the_model_does() {
    let rows = table("| rank | a cell of several inputs | an area of several cells |");
    let column = |at: usize| -> Vec<CellState> {
        rows.iter().map(|row| CellState::parse(&row[at]).expect("a state")).collect()
    };
    let (inputs, cells) = (column(1), column(2));
    assert_eq!((inputs.len(), cells.len()), (CellState::ALL.len(), CellState::ALL.len()));
    for low in 0..rows.len() {
        for high in low..rows.len() {
            assert_eq!(CellState::of_inputs([inputs[high], inputs[low]]), inputs[low]);
            assert_eq!(CellState::of_area([cells[high], cells[low]]), cells[low]);
        }
    }
}

#[test]
fn the_readme_lists_every_mark_with_its_bit() {
    let listed: Vec<(Marks, String)> = table("| mark | bit |")
        .into_iter()
        .map(|row| (Marks(row[1].parse().expect("a number")), row[0].clone()))
        .collect();
    let known: Vec<(Marks, String)> = Marks::all().map(|(mark, name)| (mark, name.to_owned())).to_vec();
    assert_eq!(listed, known);
}

#[test]
fn the_readme_describes_every_function() {
    let listed: Vec<String> = table("| function | answers |")
        .into_iter()
        .map(|row| row[0].split('(').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(listed, Rule::ALL.map(Rule::name));
}

/// A sum of everything, and one of the rows of a group: two ways in the query engine.
async fn sums(values: &str) -> [Result<Vec<String>>; 2] {
    let rows = format!("FROM (VALUES {values})");
    [
        answers(&format!("SELECT sum(column1) {rows}")).await,
        answers(&format!("SELECT sum(column1) {rows} GROUP BY column1 > 0")).await,
    ]
}

#[tokio::test]
async fn sums_of_large_numbers_hold() {
    // 357 times 2^40, as many as there are municipalities.
    let values = vec!["(1099511627776)"; 357].join(", ");
    for sum in sums(&values).await {
        assert_eq!(sum.unwrap(), ["392525651116032"]);
    }
    assert_eq!(answer("1099511627776 * 4000 - 1 + 1").await, "4398046511104000");
    let empty = answers("SELECT sum(column1) FROM (VALUES (CAST(NULL AS BIGINT)))").await;
    assert_eq!(empty.unwrap(), ["NULL"]);
    let filtered =
        "SELECT sum(column1) FILTER (WHERE column1 > 2) FROM (VALUES (1), (3), (5)) GROUP BY column1 > 9";
    assert_eq!(answers(filtered).await.unwrap(), ["8"]);
    let window = "SELECT sum(column1) OVER (ORDER BY column1 ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) \
                  FROM (VALUES (1), (3), (5))";
    assert_eq!(answers(window).await.unwrap(), ["1", "4", "8"]);
    assert_eq!(answers("SELECT sum(DISTINCT column1) FROM (VALUES (2), (2), (3))").await.unwrap(), ["5"]);
    assert_eq!(answers("SELECT sum(column1) FROM (VALUES (0.5), (0.25))").await.unwrap(), ["0.75"]);
}

#[tokio::test]
async fn whole_numbers_that_do_not_fit_are_an_error_and_never_wrap() {
    let mut found = Vec::from(sums("(9223372036854775807), (1)").await);
    for expression in ["column1 * 2", "column1 + 1", "-2 - column1"] {
        found.push(answers(&format!("SELECT {expression} FROM (VALUES (9223372036854775807))")).await);
    }
    for error in found {
        let error = crate::EngineError::from(error.unwrap_err());
        assert_eq!(error.code(), "number_overflow", "{error:?}");
    }
}
