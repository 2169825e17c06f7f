//! The recursive queries: everything behind a batch, everything before it, and whether a circle would close. Each is one statement
//! that never changes, so that it is prepared once per connection, and each walks a set: a batch that is reached by two ways is
//! walked once.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::types::Reach;
use crate::stamp::BatchNo;
use crate::trace::rows::batch_no_of;

/// A batch on the way, and whether it lies within the asker's reach. What does not is shown and never walked past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walked {
    pub(super) batch_no: BatchNo,
    pub(super) is_own: bool,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// What went in.
    Back,
    /// What it went into.
    Forward,
}

/// The roots, which lie within the asker's reach, and everything that way from them, at most `limit` batches.
pub(super) async fn walk(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    roots: &[i32],
    way: Way,
    limit: usize,
) -> QueryResult<Vec<Walked>> {
    let limits = Limits {
        roots,
        is_everything: *reach == Reach::Everything,
        producer_no: match reach {
            Reach::Producer(producer_no) => Some(producer_no.0),
            Reach::Everything | Reach::Commune(_) | Reach::Nothing => None,
        },
        commune: match reach {
            Reach::Commune(code) => Some(code.as_str()),
            Reach::Everything | Reach::Producer(_) | Reach::Nothing => None,
        },
        limit: i64::try_from(limit).unwrap_or(i64::MAX),
    };
    let rows: Vec<(i32, bool)> = match way {
        Way::Back => WalkBack(limits).load(conn).await?,
        Way::Forward => WalkForward(limits).load(conn).await?,
    };
    rows.into_iter().map(|(batch_no, is_own)| Ok(Walked { batch_no: batch_no_of(batch_no)?, is_own })).collect()
}

#[derive(Clone, Copy)]
struct Limits<'a> {
    roots: &'a [i32],
    is_everything: bool,
    producer_no: Option<i32>,
    commune: Option<&'a str>,
    limit: i64,
}

/// Postgres stops walking once the outer query has its fill (PostgreSQL, WITH Queries, 7.8.2).
macro_rules! walk_query {
    ($name:ident, $start:literal, $step:literal) => {
        struct $name<'a>(Limits<'a>);

        impl Query for $name<'_> {
            type SqlType = (Integer, Bool);
        }

        impl QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl QueryFragment<Pg> for $name<'_> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                out.push_sql("WITH RECURSIVE walk (batch_no, is_own) AS (SELECT unnest(");
                out.push_bind_param::<Array<Integer>, _>(&self.0.roots)?;
                out.push_sql("::integer[]), true UNION SELECT next.batch_no, ");
                out.push_bind_param::<Bool, _>(&self.0.is_everything)?;
                out.push_sql(
                    " OR EXISTS (SELECT FROM batches x JOIN products p ON p.product_no = x.product_no \
                     JOIN producers r ON r.producer_no = p.producer_no WHERE x.batch_no = next.batch_no AND (r.producer_no = ",
                );
                out.push_bind_param::<Nullable<Integer>, _>(&self.0.producer_no)?;
                out.push_sql(" OR r.commune_code = ");
                out.push_bind_param::<Nullable<Text>, _>(&self.0.commune)?;
                out.push_sql(concat!(")) FROM walk CROSS JOIN LATERAL (SELECT ", $start, " AS batch_no FROM trace_inputs i WHERE "));
                out.push_sql(concat!($step, " = walk.batch_no AND i.stands AND i.from_batch IS NOT NULL) next"));
                out.push_sql(" WHERE walk.is_own) SELECT batch_no, is_own FROM walk LIMIT ");
                out.push_bind_param::<BigInt, _>(&self.0.limit)?;
                Ok(())
            }
        }
    };
}
walk_query!(WalkBack, "i.from_batch", "i.batch_no");
walk_query!(WalkForward, "i.batch_no", "i.from_batch");

/// Whether a batch is one of these, or went into one of them.
pub(in crate::trace) async fn leads_to(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    inputs: &[i32],
) -> QueryResult<bool> {
    LeadsTo { batch_no: batch_no.to_i32(), inputs }.get_result(conn).await
}

struct LeadsTo<'a> {
    batch_no: i32,
    inputs: &'a [i32],
}

impl Query for LeadsTo<'_> {
    type SqlType = Bool;
}

impl QueryId for LeadsTo<'_> {
    type QueryId = LeadsTo<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for LeadsTo<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH RECURSIVE back (batch_no) AS (SELECT unnest(");
        out.push_bind_param::<Array<Integer>, _>(&self.inputs)?;
        out.push_sql(
            "::integer[]) UNION SELECT i.from_batch FROM back JOIN trace_inputs i ON i.batch_no = back.batch_no \
             WHERE i.stands AND i.from_batch IS NOT NULL) SELECT EXISTS (SELECT FROM back WHERE batch_no = ",
        );
        out.push_bind_param::<Integer, _>(&self.batch_no)?;
        out.push_sql(")");
        Ok(())
    }
}
