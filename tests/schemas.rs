//! The committed schemas are those of the code. `UPDATE_SCHEMAS=1 cargo test --test schemas` writes them anew.

use std::path::Path;

#[test]
fn the_plan_schema_is_that_of_the_code() {
    held("plan.schema.json", &mlpc::plan::schema());
}

#[test]
fn the_airflow_schema_is_that_of_the_code() {
    held("airflow.schema.json", &mlpc::target::airflow::schema());
}

fn held(name: &str, schema: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schemas")
        .join(name);
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, schema).expect("schemas/ can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == schema,
        "schemas/{name} is not what the code says: run `UPDATE_SCHEMAS=1 cargo test --test schemas`"
    );
}
