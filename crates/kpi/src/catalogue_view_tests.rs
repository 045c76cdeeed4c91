//! Views: their order, what they use, and what they ask of the KPIs that read them.

use super::*;

#[test]
fn views_come_after_those_they_use() {
    let catalogue = sound();
    let names: Vec<&str> = catalogue.views().iter().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["spine", "usage_cells"]);
    assert_eq!(catalogue.get("adoption.reach").unwrap().views, ["spine", "usage_cells"]);
}

#[test]
fn a_view_read_through_another_is_known() {
    let base = "/* view\ndoc = \"b\"\n*/\nSELECT 1 AS x FROM facts";
    let top = "/* view\ndoc = \"t\"\nuses = [\"z_base\"]\n*/\nSELECT x FROM z_base";
    let kpi = REACH.replace("FROM spine\n", "FROM a_top AS spine\n");
    let catalogue =
        load(&[("views/a_top.sql", top), ("views/z_base.sql", base), ("kpi/adoption/reach.sql", &kpi)])
            .unwrap();
    assert_eq!(catalogue.get("adoption.reach").unwrap().views, ["z_base", "a_top"]);
}

#[test]
fn a_view_may_use_what_every_kpi_that_reads_it_declares() {
    let view = "/* view\ndoc = \"b\"\ntable_function = \"bounded_growth\"\n*/\nSELECT $measure_id AS x, $solution_id AS y";
    let reach = |from: &str, to: &str| {
        let kpi = REACH.replace("FROM spine\n", "FROM series AS spine\n").replace(from, to);
        load(&[
            ("views/series.sql", view),
            ("views/spine.sql", SPINE),
            ("views/usage_cells.sql", USAGE),
            ("kpi/adoption/reach.sql", &kpi),
        ])
    };
    let catalogue = reach("", "").unwrap();
    let text = catalogue.views().iter().find(|view| view.name == "series").unwrap();
    assert_eq!((text.table_function.as_deref(), text.params.len()), (Some("bounded_growth"), 2));
    // The KPI need not name what its view uses.
    assert!(reach(" AND used.measure_id = $measure_id", "").is_ok());
    let errors = reach("solution_id", "solution").unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "queries/kpi/adoption/reach.sql:1: the view `series` uses `$solution_id`, which the header does not declare; \
         declare it: [params.solution_id]"
    );
    let errors = load(&[("views/text.sql", &view.replace("bounded_growth", "Bounded growth"))]).unwrap_err();
    assert!(errors[0].to_string().contains("text.sql:3: `table_function` cannot be"), "{}", errors[0]);
}

#[test]
fn views_in_a_circle_and_views_unnamed_are_reported() {
    let a = "/* view\ndoc = \"a\"\nuses = [\"b\"]\n*/\nSELECT x FROM b";
    let b = "/* view\ndoc = \"b\"\nuses = [\"a\"]\n*/\nSELECT x FROM a";
    let errors = load(&[("views/a.sql", a), ("views/b.sql", b)]).unwrap_err();
    assert_eq!(errors.len(), 2);
    assert!(errors[0].to_string().contains("a, b use each other in a circle"), "{}", errors[0]);

    let silent = "/* view\ndoc = \"a\"\n*/\nSELECT x\nFROM spine";
    let errors = load(&[("views/a.sql", silent), ("views/spine.sql", SPINE)]).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "queries/views/a.sql:5: the SQL reads the view `spine`, which `uses` does not name; add \"spine\" to `uses`"
    );
}
