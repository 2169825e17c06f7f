//! Records the history of the demo's batches as their producers would have, each line at its own time. It records nothing twice: what
//! broke off is told to its end by the next start, and what visitors add is left alone.

use chrono::{DateTime, Utc};

use crate::accounts::types::{Actor, Home, ProducerNo, Role, Scope};
use crate::batches::types::Batch;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::stamp::BatchNo;
use crate::trace::events::policy::may_record;
use crate::trace::lots::types::ShareWith;
use crate::trace::types::{Correction, Said};

use super::demo_history::{Told, history_of};
use super::demo_people::PRODUCERS_LOGIN;
use super::house::House;

/// The lot that its producer shares with whoever uses it.
const SHARED_LOT: &str = "MO-01";
/// The lot whose producer uses it.
const USING_LOT: &str = "CX-01";
/// The program that the producers without a person here record with; nobody holds its token.
const PROGRAM: &str = "Sổ sản xuất điện tử (trình diễn)";

/// Tells what is missing of a batch's history up to an instant. `all` are the demo's batches.
pub(super) async fn tell_until(
    house: &House,
    batch: &Batch,
    all: &[Batch],
    picture: &[u8],
    until: DateTime<Utc>,
) -> Result<()> {
    let operator = Actor::operator();
    let known = house.trace.list_events(&operator.reads(), batch.batch_no).await?;
    let history = history_of(&batch.lot);
    let missing: &[Told] = history.get(known.len()..).unwrap_or_default();
    // A visitor may have ended a batch whose history an older version of the demo did not tell.
    if missing.is_empty() || may_record(batch).is_err() {
        return Ok(());
    }
    let shared = share(house, batch, all).await?;
    let stages = house.trace.stages_of_batch(&operator.reads(), batch.batch_no).await?;
    let mut lines: Vec<u32> = known.iter().map(|event| event.n).collect();
    let mut actor = None;
    for told in missing {
        let at = told.told_at(batch.packed_on)?;
        if until < at {
            break;
        }
        let actor = match &actor {
            Some(actor) => actor,
            None => actor.insert(producer_of(house, batch.producer_no).await?),
        };
        let then = Clock::system();
        then.move_to(at);
        let trace = house.at(then).trace;
        let photo =
            if told.has_photo { Some(trace.keep_photo(actor, batch.batch_no, picture.to_vec()).await?) } else { None };
        let event = told.event(batch.packed_on, &stages, shared, photo)?;
        let recorded = match told.corrects {
            None => trace.record_event(actor, batch.batch_no, event, None).await?,
            Some((line, reason)) => {
                let n = lines.get(line).copied().ok_or_else(|| Error::internal("the demo corrects no line"))?;
                let correction = Correction { n, event, reason: Said::new("reason", reason)? };
                trace.correct_event(actor, batch.batch_no, correction, None).await?
            }
        };
        lines.push(recorded.event.n);
    }
    Ok(())
}

/// Lets the producer who uses another's lot name it. Sharing it again changes nothing.
async fn share(house: &House, batch: &Batch, all: &[Batch]) -> Result<Option<BatchNo>> {
    let shared = all.iter().find(|known| known.lot == SHARED_LOT && batch.lot == USING_LOT);
    if let Some(shared) = shared {
        let with = ShareWith::Producer(batch.producer_no);
        house.at(opened(shared)).trace.share_lot(&Actor::operator(), shared.batch_no, with).await?;
    }
    Ok(shared.map(|shared| shared.batch_no))
}

fn opened(batch: &Batch) -> Clock {
    let clock = Clock::system();
    clock.move_to(batch.opened_at);
    clock
}

/// Who tells of a producer's batches: their person, if they have one, else a program of theirs.
async fn producer_of(house: &House, producer_no: ProducerNo) -> Result<Actor> {
    let person = house.accounts.find_person_by_login(PRODUCERS_LOGIN).await?.account;
    let home = Home::Producer(producer_no);
    if person.home == home {
        return Ok(Actor::with_account(person.account_id, Role::Producer, home));
    }
    let scopes = [Scope::Read, Scope::BatchesWrite];
    let token = house.accounts.create_token(PROGRAM, Some(producer_no), &scopes, None).await?;
    Ok(Actor::with_token(token.token_id, Some(producer_no), scopes.to_vec()))
}
