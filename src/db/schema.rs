//! The tables as diesel sees them. Types only; every rule is in the migrations.
#![expect(missing_docs, reason = "the columns are documented where they are created, in migrations/")]

diesel::table! {
    deployment (only_row) {
        only_row -> Bool,
        issuer -> Text,
        demo -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    communes (code, valid_from) {
        code -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        name -> Text,
        kind -> Text,
        district -> Nullable<Text>,
        province -> Text,
    }
}

diesel::table! {
    commune_changes (new_code, new_valid_from, old_code, old_valid_from) {
        new_code -> Text,
        new_valid_from -> Date,
        old_code -> Text,
        old_valid_from -> Date,
    }
}

diesel::table! {
    product_sets (set_no, valid_from) {
        set_no -> Int2,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        industry -> Text,
        name_vi -> Text,
        name_en -> Text,
        has_batches -> Bool,
        source -> Text,
    }
}

diesel::table! {
    star_bands (stars, valid_from) {
        stars -> Int2,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        min_score -> Int4,
        recognised_by -> Nullable<Text>,
        certificate_months -> Nullable<Int2>,
        source -> Text,
    }
}

diesel::table! {
    producers (producer_no) {
        producer_no -> Int4,
        name -> Text,
        kind -> Text,
        village -> Nullable<Text>,
        commune_code -> Nullable<Text>,
        commune_valid_from -> Nullable<Date>,
        former_commune -> Nullable<Text>,
        former_district -> Nullable<Text>,
        former_province -> Nullable<Text>,
        demo -> Bool,
    }
}

diesel::table! {
    products (product_no) {
        product_no -> Int4,
        producer_no -> Int4,
        name -> Text,
        set_no -> Int2,
        stars -> Nullable<Int2>,
        first_year_seen -> Nullable<Int2>,
        decision -> Nullable<Text>,
        source -> Nullable<Text>,
        standards -> Nullable<Text>,
        shelf_life_n -> Nullable<Int2>,
        shelf_life_unit -> Nullable<Text>,
        photo -> Nullable<Bytea>,
        demo -> Bool,
    }
}

diesel::table! {
    certificates (certificate_id) {
        certificate_id -> Int4,
        product_no -> Int4,
        stars -> Nullable<Int2>,
        certificate_no -> Nullable<Text>,
        issuer -> Nullable<Text>,
        valid_from -> Nullable<Date>,
        valid_to -> Nullable<Date>,
    }
}

diesel::table! {
    keys (purpose, key_no) {
        purpose -> Text,
        key_no -> Int4,
        public_key -> Nullable<Bytea>,
        sealed -> Bytea,
        status -> Text,
        not_before -> Timestamptz,
        not_after -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    tokens (token_id) {
        token_id -> Int4,
        name -> Text,
        hash -> Bytea,
        scopes -> Array<Nullable<Text>>,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    batches (batch_no) {
        batch_no -> Int4,
        product_no -> Int4,
        lot -> Text,
        packed_on -> Date,
        last_valid_day -> Nullable<Date>,
        quantity_thousandths -> Nullable<Int8>,
        unit -> Nullable<Text>,
        state -> Text,
        next_serial -> Int4,
        opened_at -> Timestamptz,
        opened_by -> Nullable<Int4>,
    }
}

diesel::table! {
    mint_runs (run_no) {
        run_no -> Int4,
        batch_no -> Int4,
        first_serial -> Int4,
        last_serial -> Int4,
        product_no -> Int4,
        last_valid_day -> Int4,
        stamp_key_no -> Int4,
        code_key_no -> Int4,
        scratch_key_no -> Nullable<Int4>,
        minted_at -> Timestamptz,
        minted_by -> Nullable<Int4>,
    }
}

diesel::table! {
    scratch_exports (export_no) {
        export_no -> Int4,
        batch_no -> Int4,
        first_serial -> Int4,
        last_serial -> Int4,
        exported_by -> Nullable<Int4>,
        exported_at -> Timestamptz,
    }
}

diesel::table! {
    mint_orders (token_id, route, key) {
        token_id -> Int4,
        route -> Text,
        key -> Text,
        body_hash -> Bytea,
        run_no -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::joinable!(products -> producers (producer_no));
diesel::joinable!(certificates -> products (product_no));
diesel::joinable!(batches -> products (product_no));
diesel::joinable!(mint_runs -> batches (batch_no));
diesel::joinable!(mint_orders -> mint_runs (run_no));
diesel::allow_tables_to_appear_in_same_query!(
    batches,
    certificates,
    communes,
    mint_orders,
    mint_runs,
    producers,
    product_sets,
    products
);
