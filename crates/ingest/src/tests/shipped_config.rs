//! The `utbredt.toml` of the archive: as it is it has no source, and it shows every kind of source with every option.

use super::*;
use crate::config::IngestConfig;
use crate::connectors::REGISTRY;

const SHIPPED: &str = include_str!("../../../utbredt/install/utbredt.toml");

fn parse(text: &str) -> Result<IngestConfig, String> {
    IngestConfig::parse(text, Path::new("utbredt.toml")).map_err(|error| crate::with_causes(&error))
}

/// The file with every option in use.
fn uncommented() -> String {
    let lines = SHIPPED.lines().filter(|line| *line != "hosts = []");
    let options =
        lines.map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line));
    options.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_shipped_config_has_no_source_until_options_are_uncommented() {
    let config = parse(SHIPPED).unwrap();
    assert!(config.sources.is_empty() && config.uploads.is_empty() && config.hosts.is_empty());
    let config = parse(&uncommented()).unwrap();
    assert!(config.maskinporten.is_some() && config.uploads.len() == 1);
    assert_eq!(config.held, crate::held::HeldLimits::default());
    for kind in REGISTRY.iter().filter(|one| one.connector.is_some()) {
        assert!(SHIPPED.contains(&format!("#kind = \"{}\"\n", kind.name)), "{} is not shown", kind.name);
    }
}

/// What a kind may have is taken from the message about an option that it has not.
#[test]
fn the_shipped_config_shows_every_option() {
    let text = uncommented();
    let sections: Vec<&str> = text.split("[[source]]\n").skip(1).collect();
    for section in &sections {
        let with_unknown = section.replacen("schedule = ", "no_option = 1\nschedule = ", 1);
        let message = parse(&text.replace(section, &with_unknown)).unwrap_err();
        let (_, expected) = message.split_once("unknown field `no_option`, expected").expect(&message);
        for option in expected.split('`').skip(1).step_by(2) {
            let shown = [format!("\n{option} = "), format!("\n[source.{option}]")];
            assert!(shown.iter().any(|one| section.contains(one)), "{option} is not shown:\n{section}");
        }
    }
    assert_eq!(sections.len(), 8);
}
