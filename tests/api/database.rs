//! Rules that the database itself keeps, whoever writes to it; and migrations, forwards and back.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use diesel_async::AsyncMigrationHarness;
use diesel_migrations::MigrationHarness;
use nguon::accounts::types::Scope;
use nguon::db::{MIGRATIONS, has_pending_migrations, migrate};
use nguon::register::Register;
use serde_json::json;

use crate::world::{TestDb, World};

/// A world with one product, one batch of ten stamps, an answered order and an export of scratch codes.
async fn filled() -> World {
    let world = World::new().await;
    let batch = world.batch().await;
    let order = json!({ "count": 10, "scratch": true });
    assert_eq!(world.office.order(batch.batch_no, "k", &order).await.status, 201);
    let printer = world.client_with(&[Scope::Office, Scope::ScratchRead]).await;
    let path = format!("/api/v1/batches/{}/stamps.csv?scratch=true", batch.batch_no);
    assert_eq!(printer.get(&path).await.status, 200);
    world
}

/// Asserts that each statement is refused, and by which rule.
async fn assert_refused(world: &World, statements: &[(&str, &str)]) {
    for (sql, rule) in statements {
        match world.test_db.sql(sql).await {
            Ok(()) => panic!("not refused: {sql}"),
            Err(text) => assert!(text.contains(rule), "{sql}: {text}"),
        }
    }
}

const STAYS: &str = "a printed number never points to nothing";

/// A run like the first one, with other serials.
fn run(first: i64, last: i64) -> String {
    format!(
        "INSERT INTO mint_runs (batch_no, first_serial, last_serial, product_no, last_valid_day, stamp_key_no, code_key_no, minted_at) \
         SELECT batch_no, {first}, {last}, product_no, last_valid_day, stamp_key_no, code_key_no, minted_at FROM mint_runs LIMIT 1"
    )
}

#[actix_web::test]
async fn nothing_whose_number_was_printed_is_deleted() {
    let world = filled().await;
    for table in [
        "mint_runs",
        "batches",
        "products",
        "producers",
        "certificates",
        "keys",
        "tokens",
        "scratch_exports",
        "deployment",
    ] {
        assert_refused(
            &world,
            &[(&format!("DELETE FROM {table}"), STAYS), (&format!("TRUNCATE {table} CASCADE"), STAYS)],
        )
        .await;
    }
}

#[actix_web::test]
async fn a_run_an_export_and_the_issuer_are_never_changed() {
    let world = filled().await;
    assert_refused(
        &world,
        &[
            ("UPDATE mint_runs SET last_serial = 5", STAYS),
            ("UPDATE mint_runs SET product_no = product_no", STAYS),
            ("UPDATE scratch_exports SET last_serial = 5", STAYS),
            ("UPDATE deployment SET issuer = 'other.example'", STAYS),
            (
                "INSERT INTO deployment (issuer, demo, created_at) VALUES ('other.example', false, now())",
                "deployment_pkey",
            ),
            (
                "INSERT INTO deployment (only_row, issuer, demo, created_at) VALUES (false, 'other.example', false, now())",
                "only_row",
            ),
        ],
    )
    .await;
}

#[actix_web::test]
async fn runs_of_a_batch_do_not_overlap_and_stay_inside_its_serials() {
    let world = filled().await;
    world.sql("UPDATE batches SET next_serial = 21").await;
    assert_refused(
        &world,
        &[
            (&run(10, 11), "mint_runs_do_not_overlap"),
            (&run(1, 1), "mint_runs_do_not_overlap"),
            (&run(20, 21), "past the serials reserved"),
            (&run(21, 21), "past the serials reserved"),
            (&run(0, 0), "first_serial"),
            (&run(12, 11), "check"),
            (&run(11, 16_777_216), "past the serials reserved"),
        ],
    )
    .await;
    world.sql(&run(11, 20)).await;
}

#[actix_web::test]
async fn a_run_needs_keys_that_exist_and_a_product_and_batch_that_exist() {
    let world = filled().await;
    world.sql("UPDATE batches SET next_serial = 21").await;
    for (column, value) in [("stamp_key_no", 9), ("code_key_no", 9), ("product_no", 99), ("batch_no", 99)] {
        let sql = run(11, 20).replacen(&format!("SELECT {column}"), &format!("SELECT {value}"), 1);
        let sql = if sql.contains(&format!("SELECT {value}")) {
            sql
        } else {
            let (head, tail) = sql.split_once("SELECT").unwrap();
            format!("{head}SELECT{}", tail.replacen(column, &value.to_string(), 1))
        };
        assert_refused(&world, &[(&sql, "foreign key")]).await;
    }
}

#[actix_web::test]
async fn serials_are_handed_out_upwards_only() {
    let world = filled().await;
    assert_refused(
        &world,
        &[
            ("UPDATE batches SET next_serial = 10", "upwards only"),
            ("UPDATE batches SET batch_no = DEFAULT", "upwards only"),
            ("UPDATE batches SET next_serial = 16777217", "next_serial"),
        ],
    )
    .await;
    world.sql("UPDATE batches SET next_serial = 16777216").await;
}

#[actix_web::test]
async fn a_batch_keeps_the_rules_of_its_fields() {
    let world = filled().await;
    let batch = |columns: &str, values: &str| {
        format!(
            "INSERT INTO batches (product_no, packed_on, opened_at, lot{columns}) VALUES (1, '2026-11-20', now(), {values})"
        )
    };
    assert_refused(
        &world,
        &[
            (&batch("", "'MD-01'"), "one_batch_per_product_and_lot"),
            (&batch("", "''"), "lot"),
            (&batch("", "repeat('A', 21)"), "lot"),
            (&batch("", "'A B'"), "lot"),
            (&batch("", "'LÔ'"), "lot"),
            (&batch("", "E'A\\n'"), "lot"),
            (&batch("", "'[A]'"), "lot"),
            (&batch(", last_valid_day", "'A', '2026-11-19'"), "check"),
            (&batch(", last_valid_day", "'A', '2199-06-07'"), "last_valid_day"),
            (&batch(", unit", "'A', 'kg'"), "check"),
            (&batch(", quantity_thousandths", "'A', 0"), "quantity"),
            (&batch(", state", "'A', 'lost'"), "state"),
            (
                "INSERT INTO batches (product_no, packed_on, opened_at, lot) VALUES (99, '2026-11-20', now(), 'A')",
                "foreign key",
            ),
        ],
    )
    .await;
    world.sql(&batch(", last_valid_day", "'!\"%&''()*+,-./:;<=>?_', '2026-11-20'")).await;
}

#[actix_web::test]
async fn certificate_windows_stand_in_order_and_do_not_overlap() {
    let world = filled().await;
    let certificate = |stars: &str, from: &str, to: &str| {
        format!("INSERT INTO certificates (product_no, stars, valid_from, valid_to) VALUES (1, {stars}, {from}, {to})")
    };
    assert_refused(
        &world,
        &[
            (&certificate("4", "'2027-12-31'", "'2030-12-30'"), "certificate_windows_do_not_overlap"),
            (&certificate("4", "'2026-01-01'", "'2026-01-01'"), "certificate_windows_do_not_overlap"),
            (&certificate("4", "'2029-01-02'", "'2029-01-01'"), "check"),
            (&certificate("4", "'2029-01-01'", "NULL"), "check"),
            (&certificate("4", "NULL", "'2029-01-01'"), "check"),
            (&certificate("NULL", "'2029-01-01'", "'2030-01-01'"), "check"),
            (&certificate("2", "'2029-01-01'", "'2030-01-01'"), "stars"),
        ],
    )
    .await;
    world.sql(&certificate("3", "'2028-01-01'", "'2030-12-31'")).await;
    world.sql(&certificate("NULL", "NULL", "NULL")).await;
    world.sql(&certificate("NULL", "NULL", "NULL")).await;
}

#[actix_web::test]
async fn a_key_never_changes_and_only_ages() {
    let world = filled().await;
    let stamp = "WHERE purpose = 'stamp'";
    world.sql(&format!("UPDATE keys SET status = 'retired' {stamp}")).await;
    assert_refused(
        &world,
        &[
            (&format!("UPDATE keys SET status = 'active' {stamp}"), "only ages"),
            (&format!("UPDATE keys SET sealed = '\\x00' {stamp}"), "only ages"),
            (&format!("UPDATE keys SET key_no = 7 {stamp}"), "only ages"),
            (&format!("UPDATE keys SET public_key = sha256('x') {stamp}"), "only ages"),
            (&format!("UPDATE keys SET not_before = not_before - interval '1 day' {stamp}"), "only ages"),
            (&format!("UPDATE keys SET status = 'fine' {stamp}"), "status"),
        ],
    )
    .await;
    world.sql(&format!("UPDATE keys SET status = 'compromised' {stamp}")).await;
    let back = format!("UPDATE keys SET status = 'retired' {stamp}");
    assert_refused(&world, &[(&back, "only ages")]).await;
}

#[actix_web::test]
async fn a_key_number_and_a_public_key_are_used_once() {
    let world = filled().await;
    let key = |purpose: &str, number: &str, public: &str| {
        format!(
            "INSERT INTO keys (purpose, key_no, public_key, sealed, status, not_before, created_at, changed_at) \
             SELECT {purpose}, {number}, {public}, sealed, status, not_before, created_at, changed_at FROM keys WHERE purpose = 'stamp'"
        )
    };
    assert_refused(
        &world,
        &[
            (&key("purpose", "key_no", "sha256('x')"), "keys_pkey"),
            (&key("purpose", "2", "public_key"), "public_key"),
            (&key("purpose", "0", "sha256('x')"), "key_no"),
            (&key("purpose", "4096", "sha256('x')"), "key_no"),
            (&key("purpose", "2", "NULL"), "check"),
            (&key("purpose", "2", "'\\x00'"), "public_key"),
            (&key("'code'", "2", "sha256('x')"), "check"),
            (&key("'other'", "2", "NULL"), "purpose"),
        ],
    )
    .await;
}

#[actix_web::test]
async fn dated_lists_have_one_row_a_day() {
    let world = World::new().await;
    assert_refused(
        &world,
        &[
            (
                "INSERT INTO communes (code, valid_from, name, kind, province) VALUES ('01840', '2026-01-01', 'X', 'xã', 'Y')",
                "communes",
            ),
            (
                "INSERT INTO communes (code, valid_from, name, kind, province) VALUES ('1840', '2026-01-01', 'X', 'xã', 'Y')",
                "code",
            ),
            (
                "INSERT INTO product_sets (set_no, valid_from, industry, name_vi, name_en, has_batches, source) \
                 VALUES (7, '2030-01-01', 'I', 'X', 'X', true, 'X')",
                "product_sets",
            ),
            (
                "INSERT INTO star_bands (stars, valid_from, min_score, source) VALUES (3, '2030-01-01', 50, 'X')",
                "star_bands",
            ),
            (
                "UPDATE product_sets SET valid_to = valid_from - 1 WHERE set_no = 7",
                "check",
            ),
        ],
    )
    .await;
}

#[actix_web::test]
async fn products_and_producers_keep_the_rules_of_their_fields() {
    let world = filled().await;
    assert_refused(
        &world,
        &[
            ("UPDATE products SET photo = decode(repeat('00', 4097), 'hex')", "photo"),
            ("UPDATE products SET name = ''", "name"),
            ("UPDATE products SET set_no = 27", "set_no"),
            ("UPDATE products SET stars = 6", "stars"),
            ("UPDATE products SET shelf_life_n = NULL", "check"),
            ("UPDATE producers SET commune_valid_from = NULL", "foreign key"),
            ("UPDATE producers SET commune_code = '99999'", "foreign key"),
            (
                "INSERT INTO producers (name, kind, commune_code, commune_valid_from) \
                 SELECT name, kind, commune_code, commune_valid_from FROM producers",
                "one_producer_per_name_and_commune",
            ),
        ],
    )
    .await;
}

#[actix_web::test]
async fn an_order_and_a_token_keep_the_rules_of_their_fields() {
    let world = filled().await;
    assert_refused(
        &world,
        &[
            ("UPDATE mint_orders SET key = 'two words'", "key"),
            ("UPDATE mint_orders SET body_hash = '\\x00'", "body_hash"),
            ("UPDATE mint_orders SET run_no = 99", "foreign key"),
            ("UPDATE tokens SET expires_at = created_at", "check"),
            ("UPDATE tokens SET hash = '\\x00'", "a token only ends"),
            ("UPDATE tokens SET scopes = '{office}'", "a token only ends"),
            (
                "INSERT INTO tokens (name, hash, scopes, created_at) SELECT name, hash, scopes, created_at FROM tokens",
                "tokens_hash_key",
            ),
        ],
    )
    .await;
}

/// How many things of ours the database holds, and what they look like, as one number.
async fn shape(db: &TestDb) -> i64 {
    db.count(
        "SELECT coalesce(sum(hashtextextended(line, 0) % 1000000007), 0)::bigint AS n FROM ( \
         SELECT 'column ' || table_name || column_name || data_type || is_nullable || coalesce(column_default, '') \
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations' \
         UNION ALL SELECT 'constraint ' || conrelid::regclass || pg_get_constraintdef(oid) FROM pg_constraint \
         WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> '__diesel_schema_migrations' \
         UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal \
         UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations' \
         UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
         AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e') \
         UNION ALL SELECT 'extension ' || extname FROM pg_extension WHERE extname NOT IN ('plpgsql', 'btree_gist')) AS shape (line)",
    )
    .await
}

async fn revert_all(db: &TestDb) -> usize {
    let mut harness = AsyncMigrationHarness::new(db.db.dedicated().await.unwrap());
    tokio::task::spawn_blocking(move || harness.revert_all_migrations(MIGRATIONS).unwrap().len()).await.unwrap()
}

#[actix_web::test]
async fn migrations_of_a_full_database_go_back_to_nothing_and_forward_again() {
    let mut world = filled().await;
    // Its ledger goes with the tables.
    world.is_ledger_whole = false;
    let db = &world.test_db;
    let before = shape(db).await;
    let n_reverted = revert_all(db).await;
    assert_eq!(shape(db).await, 0, "something was left behind");
    assert!(has_pending_migrations(&db.db).await.unwrap());
    assert_eq!(migrate(&db.db).await.unwrap().len(), n_reverted);
    assert_eq!(shape(db).await, before);
    assert!(!has_pending_migrations(&db.db).await.unwrap());
    Register::new(db.db.clone(), world.clock.clone()).load_reference_lists().await.unwrap();
}

#[actix_web::test]
async fn each_migration_alone_goes_back_and_forward() {
    let db = TestDb::new().await;
    let whole = shape(&db).await;
    for n_back in 1..=3 {
        let mut harness = AsyncMigrationHarness::new(db.db.dedicated().await.unwrap());
        tokio::task::spawn_blocking(move || {
            for _ in 0..n_back {
                harness.revert_last_migration(MIGRATIONS).unwrap();
            }
        })
        .await
        .unwrap();
        assert_eq!(migrate(&db.db).await.unwrap().len(), n_back);
        assert_eq!(shape(&db).await, whole, "after {n_back} back and forth");
    }
}

#[actix_web::test]
async fn processes_that_migrate_at_the_same_time_do_it_once() {
    let db = TestDb::new().await;
    let n_all = revert_all(&db).await;
    let done = futures_util::future::join_all((0..4).map(|_| migrate(&db.db))).await;
    let mut numbers: Vec<usize> = done.into_iter().map(|done| done.unwrap().len()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 0, 0, n_all]);
}

#[actix_web::test]
async fn migrating_again_changes_nothing() {
    let world = filled().await;
    assert!(migrate(&world.test_db.db).await.unwrap().is_empty());
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM mint_runs").await, 1);
}

#[actix_web::test]
async fn a_batch_with_printed_stamps_keeps_its_product() {
    let world = filled().await;
    assert_refused(&world, &[("UPDATE batches SET product_no = product_no + 1", "keeps its product")]).await;
}
