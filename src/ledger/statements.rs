//! Statements of fixed text over whole columns: what the sequencer and every proof send often. Text and columns only; what a statement
//! means stands where it is sent.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, SmallInt, Text, Timestamptz};

/// A statement that is prepared once a connection, unlike `sql_query`. Each column is bound as one array behind the text before it.
macro_rules! statement {
    ($(#[$doc:meta])* $name:ident -> $row:ty { $($text:literal $column:ident: $rust:ty => $sql:ty,)+ } $end:literal) => {
        $(#[$doc])*
        pub(super) struct $name<'a> {
            $(pub(super) $column: &'a [$rust],)+
        }

        impl Query for $name<'_> {
            type SqlType = $row;
        }

        impl QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl QueryFragment<Pg> for $name<'_> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                $(
                    out.push_sql($text);
                    out.push_bind_param::<Array<$sql>, _>(self.$column)?;
                )+
                out.push_sql($end);
                Ok(())
            }
        }
    };
}

statement! {
    /// The stored hashes of tiles.
    FindTiles -> (SmallInt, BigInt, Binary) {
        "SELECT t.level, t.tile_index, t.hashes FROM unnest(" levels: i16 => SmallInt,
        ", " indexes: i64 => BigInt,
    } ") AS w (level, tile_index) JOIN ledger_tiles t USING (level, tile_index)"
}

statement! {
    /// Stores tiles; those that are there grow.
    PutTiles -> () {
        "INSERT INTO ledger_tiles (level, tile_index, hashes) SELECT * FROM unnest(" levels: i16 => SmallInt,
        ", " indexes: i64 => BigInt,
        ", " hashes: Vec<u8> => Binary,
    } ") ON CONFLICT (level, tile_index) DO UPDATE SET hashes = excluded.hashes"
}

statement! {
    /// Gives entries that have none their places in the tree.
    PlaceEntries -> () {
        "UPDATE ledger_entries e SET ledger_index = w.ledger_index FROM unnest(" entry_nos: i64 => BigInt,
        ", " indexes: i64 => BigInt,
    } ") AS w (entry_no, ledger_index) WHERE e.entry_no = w.entry_no AND e.ledger_index IS NULL"
}

statement! {
    /// How many of these places in chains are taken by entries that have a place in the tree.
    CountPlaced -> BigInt {
        "SELECT count(*) FROM unnest(" batch_nos: i32 => Integer,
        ", " ns: i32 => Integer,
    } ") AS w (batch_no, n) JOIN ledger_entries e USING (batch_no, n) WHERE e.ledger_index IS NOT NULL"
}

statement! {
    /// Stores entries at their places in the tree, as a copy has them.
    InsertPlaced -> () {
        "INSERT INTO ledger_entries (ledger_index, bytes, leaf_hash, kind, batch_no, n, declared_at, recorded_at) \
         SELECT * FROM unnest(" indexes: i64 => BigInt,
        ", " bytes: Vec<u8> => Binary,
        ", " leaf_hashes: Vec<u8> => Binary,
        ", " kinds: String => Text,
        ", " batch_nos: Option<i32> => Nullable<Integer>,
        ", " ns: Option<i32> => Nullable<Integer>,
        ", " declared: chrono::DateTime<chrono::Utc> => Timestamptz,
        ", " recorded: chrono::DateTime<chrono::Utc> => Timestamptz,
    } ")"
}
