//! The bots that come with the server: they are the first thing people read.

use std::path::Path;

use crate::support::{compiled, printed};

fn sample(name: &str) -> botserver_packages::PackageVersion {
    compiled(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../../bots/{name}.gbai")))
}

#[test]
fn every_sample_compiles_without_a_word() {
    for name in ["default", "shop", "helpdesk"] {
        let version = sample(name);
        assert_eq!(printed(&version), "", "{name}");
        assert!(version.prompt.is_some() && version.look.welcome.is_some() && version.look.accent.is_some(), "{name}");
        let logo = version.look.logo.clone().unwrap();
        assert!(version.theme.contains_key(&logo), "{name}");
        assert!(version.image.script("start").is_some(), "{name}");
    }
}

#[test]
fn the_shop_has_tools_tables_and_goods() {
    let version = sample("shop");
    let tools: Vec<&str> =
        version.image.scripts().iter().filter(|script| script.tool).map(|script| &*script.name).collect();
    assert_eq!(tools, ["find-product", "place-order", "track-order"]);
    let tables: Vec<&str> =
        version.image.scripts().iter().flat_map(|script| &script.tables).map(|table| &*table.name).collect();
    assert_eq!(tables, ["products", "orders"]);
    assert_eq!(&*version.seeds[0].table, "products");
    // Every row of the goods fits the table.
    let rows = std::fs::read_to_string(&version.seeds[0].file).unwrap();
    let header: Vec<&str> = rows.lines().next().unwrap().split(',').collect();
    let columns: Vec<&str> =
        version.image.script("tables").unwrap().tables[0].columns.iter().map(|column| &*column.name).collect();
    assert_eq!(header, columns);
}
