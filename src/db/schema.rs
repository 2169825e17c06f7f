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
        tax_code -> Nullable<Text>,
        printed_address -> Nullable<Text>,
        closed_at -> Nullable<Timestamptz>,
        version -> Int4,
        search_key -> Text,
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
        name_en -> Nullable<Text>,
        story -> Nullable<Text>,
        story_en -> Nullable<Text>,
        ingredients -> Nullable<Text>,
        gtin -> Nullable<Text>,
        pack_thousandths -> Nullable<Int8>,
        pack_unit -> Nullable<Text>,
        closed_at -> Nullable<Timestamptz>,
        version -> Int4,
        search_key -> Text,
        stage_template -> Nullable<Text>,
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
        score_tenths -> Nullable<Int2>,
        decision_no -> Nullable<Text>,
        issuer_level -> Nullable<Text>,
        scan_sha256 -> Nullable<Bytea>,
        revoked_on -> Nullable<Date>,
        revoked_reason -> Nullable<Text>,
        version -> Int4,
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
        producer_no -> Nullable<Int4>,
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
        opened_by_account -> Nullable<Int4>,
        closed_at -> Nullable<Timestamptz>,
        standing -> Text,
        standing_reason -> Nullable<Text>,
        standing_advice -> Nullable<Text>,
        standing_contact -> Nullable<Text>,
        standing_since -> Nullable<Timestamptz>,
        max_stamps -> Nullable<Int4>,
        version -> Int4,
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
        minted_by_account -> Nullable<Int4>,
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
        exported_by_account -> Nullable<Int4>,
    }
}

diesel::table! {
    mint_orders (route, key) {
        token_id -> Nullable<Int4>,
        route -> Text,
        key -> Text,
        body_hash -> Bytea,
        run_no -> Int4,
        created_at -> Timestamptz,
        account_id -> Nullable<Int4>,
    }
}

diesel::table! {
    account_links (link_id) {
        link_id -> Int4,
        account_id -> Int4,
        hash -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    accounts (account_id) {
        account_id -> Int4,
        login -> Text,
        display_name -> Text,
        role -> Text,
        producer_no -> Nullable<Int4>,
        commune_code -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        created_at -> Timestamptz,
        disabled_at -> Nullable<Timestamptz>,
        version -> Int4,
    }
}

diesel::table! {
    audit_trail (entry_no) {
        entry_no -> Int8,
        at -> Timestamptz,
        request_id -> Nullable<Text>,
        account_id -> Nullable<Int4>,
        token_id -> Nullable<Int4>,
        role -> Text,
        producer_no -> Nullable<Int4>,
        act -> Text,
        thing -> Text,
        details -> Jsonb,
    }
}

diesel::table! {
    files (sha256) {
        sha256 -> Bytea,
        media_type -> Text,
        content -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    food_safety_papers (paper_id) {
        paper_id -> Int4,
        producer_no -> Int4,
        product_no -> Nullable<Int4>,
        kind -> Text,
        paper_no -> Nullable<Text>,
        issuer -> Nullable<Text>,
        issued_on -> Nullable<Date>,
        valid_to -> Nullable<Date>,
        scope -> Nullable<Text>,
        file_sha256 -> Nullable<Bytea>,
        closed_at -> Nullable<Timestamptz>,
        version -> Int4,
    }
}

diesel::table! {
    import_jobs (job_id) {
        job_id -> Int4,
        account_id -> Int4,
        file_name -> Text,
        content -> Nullable<Bytea>,
        state -> Text,
        n_done -> Int4,
        n_total -> Int4,
        report -> Nullable<Jsonb>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        digest -> Nullable<Bytea>,
        counts -> Nullable<Jsonb>,
    }
}

diesel::table! {
    issuers (name, valid_from) {
        name -> Text,
        level -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        source -> Text,
    }
}

diesel::table! {
    producer_contacts (contact_id) {
        contact_id -> Int4,
        producer_no -> Int4,
        kind -> Text,
        value -> Text,
        visibility -> Text,
        consent_by -> Nullable<Text>,
        consent_at -> Nullable<Timestamptz>,
        consent_text -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    product_photos (photo_id) {
        photo_id -> Int4,
        product_no -> Int4,
        place -> Int2,
        jpeg -> Bytea,
        small -> Bytea,
        width_px -> Int2,
        height_px -> Int2,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    quota_policy (only_row) {
        only_row -> Bool,
        is_enforced -> Bool,
        margin_percent -> Int2,
        version -> Int4,
    }
}

diesel::table! {
    quota_requests (request_no) {
        request_no -> Int4,
        batch_no -> Int4,
        n_stamps -> Int4,
        reason -> Text,
        asked_by_account -> Nullable<Int4>,
        asked_by -> Nullable<Int4>,
        asked_at -> Timestamptz,
        state -> Text,
        decided_by -> Nullable<Int4>,
        decided_at -> Nullable<Timestamptz>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    sessions (session_id) {
        session_id -> Int4,
        account_id -> Int4,
        hash -> Bytea,
        device -> Text,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        recent_lookups -> Jsonb,
    }
}

diesel::table! {
    suspension_proposals (proposal_no) {
        proposal_no -> Int4,
        batch_no -> Int4,
        serial -> Nullable<Int4>,
        reason -> Text,
        proposed_by -> Nullable<Int4>,
        proposed_at -> Timestamptz,
        state -> Text,
        decided_by -> Nullable<Int4>,
        decided_at -> Nullable<Timestamptz>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    voids (void_no) {
        void_no -> Int4,
        batch_no -> Int4,
        first_serial -> Int4,
        last_serial -> Int4,
        reason -> Text,
        note -> Nullable<Text>,
        voided_at -> Timestamptz,
        voided_by -> Nullable<Int4>,
        voided_by_account -> Nullable<Int4>,
    }
}

diesel::table! {
    ledger_state (only_row) {
        only_row -> Bool,
        size -> Int8,
        imported_at -> Nullable<Timestamptz>,
        halted_at -> Nullable<Timestamptz>,
        halted_reason -> Nullable<Text>,
    }
}

diesel::table! {
    ledger_entries (entry_no) {
        entry_no -> Int8,
        ledger_index -> Nullable<Int8>,
        bytes -> Bytea,
        leaf_hash -> Bytea,
        kind -> Text,
        batch_no -> Nullable<Int4>,
        n -> Nullable<Int4>,
        declared_at -> Timestamptz,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    ledger_private (entry_no) {
        entry_no -> Int8,
        salt -> Bytea,
        data -> Bytea,
    }
}

diesel::table! {
    ledger_tiles (level, tile_index) {
        level -> Int2,
        tile_index -> Int8,
        hashes -> Bytea,
    }
}

diesel::table! {
    ledger_checkpoints (size) {
        size -> Int8,
        root -> Bytea,
        note -> Text,
        signed_at -> Timestamptz,
        published_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    ledger_cosignatures (size, witness) {
        size -> Int8,
        witness -> Text,
        line -> Text,
        cosigned_at -> Timestamptz,
    }
}

diesel::table! {
    stage_templates (template) {
        template -> Text,
        name_vi -> Text,
        name_en -> Text,
    }
}

diesel::table! {
    stage_template_sets (set_no) {
        set_no -> Int2,
        template -> Text,
    }
}

diesel::table! {
    stages (stage_no) {
        stage_no -> Int4,
        template -> Text,
        code -> Text,
        place -> Int2,
        step -> Text,
        name_vi -> Text,
        name_en -> Text,
        unit -> Nullable<Text>,
        max_yield_permille -> Nullable<Int4>,
        hint_vi -> Nullable<Text>,
        closed_at -> Nullable<Timestamptz>,
        version -> Int4,
    }
}

diesel::table! {
    trace_outside_lots (lot_no) {
        lot_no -> Int4,
        producer_no -> Int4,
        product -> Text,
        supplier -> Nullable<Text>,
        lot -> Nullable<Text>,
        received_on -> Date,
        quantity_thousandths -> Int8,
        unit -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    trace_events (batch_no, n) {
        batch_no -> Int4,
        n -> Int4,
        entry_no -> Int8,
        corrects -> Nullable<Int4>,
        stage_no -> Nullable<Int4>,
        step -> Text,
        happened_on -> Date,
        happened_time -> Nullable<Time>,
        commune_code -> Nullable<Text>,
        commune_valid_from -> Nullable<Date>,
        village -> Nullable<Text>,
        in_thousandths -> Nullable<Int8>,
        in_unit -> Nullable<Text>,
        out_thousandths -> Nullable<Int8>,
        out_unit -> Nullable<Text>,
        wait_days -> Nullable<Int2>,
        place_text -> Nullable<Text>,
        note -> Nullable<Text>,
        reason -> Nullable<Text>,
        recorded_at -> Timestamptz,
        recorded_by -> Nullable<Int4>,
        recorded_by_account -> Nullable<Int4>,
        role -> Text,
        stands -> Bool,
    }
}

diesel::table! {
    trace_event_files (batch_no, n, place) {
        batch_no -> Int4,
        n -> Int4,
        place -> Int2,
        sha256 -> Bytea,
    }
}

diesel::table! {
    trace_inputs (batch_no, n, place) {
        batch_no -> Int4,
        n -> Int4,
        place -> Int2,
        from_batch -> Nullable<Int4>,
        from_lot -> Nullable<Int4>,
        quantity_thousandths -> Int8,
        unit -> Text,
        stands -> Bool,
    }
}

diesel::table! {
    lot_shares (share_no) {
        share_no -> Int4,
        batch_no -> Int4,
        producer_no -> Nullable<Int4>,
        shared_at -> Timestamptz,
        shared_by -> Nullable<Int4>,
        shared_by_account -> Nullable<Int4>,
    }
}

diesel::table! {
    trace_orders (actor, route, key) {
        actor -> Text,
        route -> Text,
        key -> Text,
        body_hash -> Bytea,
        batch_no -> Int4,
        n -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::joinable!(ledger_private -> ledger_entries (entry_no));
diesel::joinable!(ledger_cosignatures -> ledger_checkpoints (size));
diesel::joinable!(products -> producers (producer_no));
diesel::joinable!(product_photos -> products (product_no));
diesel::joinable!(producer_contacts -> producers (producer_no));
diesel::joinable!(certificates -> products (product_no));
diesel::joinable!(food_safety_papers -> producers (producer_no));
diesel::joinable!(accounts -> producers (producer_no));
diesel::joinable!(sessions -> accounts (account_id));
diesel::joinable!(account_links -> accounts (account_id));
diesel::joinable!(import_jobs -> accounts (account_id));
diesel::joinable!(batches -> products (product_no));
diesel::joinable!(mint_runs -> batches (batch_no));
diesel::joinable!(mint_orders -> mint_runs (run_no));
diesel::joinable!(voids -> batches (batch_no));
diesel::joinable!(suspension_proposals -> batches (batch_no));
diesel::joinable!(quota_requests -> batches (batch_no));
diesel::joinable!(stages -> stage_templates (template));
diesel::joinable!(trace_events -> batches (batch_no));
diesel::joinable!(trace_events -> stages (stage_no));
diesel::joinable!(trace_inputs -> trace_outside_lots (from_lot));
diesel::joinable!(lot_shares -> batches (batch_no));
diesel::joinable!(lot_shares -> producers (producer_no));
diesel::allow_tables_to_appear_in_same_query!(
    ledger_checkpoints,
    ledger_cosignatures,
    ledger_entries,
    ledger_private,
    ledger_state,
    ledger_tiles,
    account_links,
    accounts,
    audit_trail,
    batches,
    certificates,
    commune_changes,
    communes,
    files,
    food_safety_papers,
    import_jobs,
    issuers,
    lot_shares,
    mint_orders,
    mint_runs,
    producer_contacts,
    producers,
    product_photos,
    product_sets,
    products,
    quota_requests,
    sessions,
    stage_template_sets,
    stage_templates,
    stages,
    star_bands,
    suspension_proposals,
    tokens,
    trace_event_files,
    trace_events,
    trace_inputs,
    trace_orders,
    trace_outside_lots,
    voids
);
