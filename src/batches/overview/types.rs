//! What lists and counts of batches show, as values. Pure.

use chrono::NaiveDate;

use crate::batches::minting::types::RunLine;
use crate::batches::quota::policy::Limit;
use crate::batches::quota::types::QuotaRequest;
use crate::batches::types::Batch;
use crate::batches::voids::types::VoidLine;
use crate::error::Error;
use crate::register::types::Product;
use crate::stamp::ProductNo;

/// A batch in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedBatch {
    /// The batch.
    pub batch: Batch,
    /// Its product's name.
    pub product: String,
    /// Its producer's name.
    pub producer: String,
    /// Stamps minted, without the whole batch's own.
    pub n_minted: u32,
    /// Stamps voided of them.
    pub n_voided: u32,
}

/// Everything that the page of one batch shows.
#[derive(Debug)]
pub struct BatchSheet {
    /// The batch.
    pub batch: Batch,
    /// Its product.
    pub product: Product,
    /// Its runs, the newest first.
    pub runs: Vec<RunLine>,
    /// Its voids, the newest first.
    pub voids: Vec<VoidLine>,
    /// Stamps minted, without the whole batch's own.
    pub n_minted: u32,
    /// Stamps voided of them.
    pub n_voided: u32,
    /// How many stamps it may have.
    pub limit: Limit,
    /// What was last asked above that.
    pub last_request: Option<QuotaRequest>,
    /// Why it gets no stamps today, when it gets none.
    pub refusal: Option<Error>,
}

/// A batch as the public page of its product shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentBatch {
    /// Its lot.
    pub lot: String,
    /// The day it was packed.
    pub packed_on: NaiveDate,
    /// Its last day of use.
    pub last_valid_day: Option<NaiveDate>,
}

/// Stamps minted in one month, by Vietnam's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MintedInMonth {
    /// The month's first day.
    pub month: NaiveDate,
    /// Stamps, without the whole batches' own.
    pub n_stamps: u64,
}

/// Batches and stamps in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchCounts {
    /// Batches that may get more stamps.
    pub n_open: u64,
    /// Batches that get no more.
    pub n_closed: u64,
    /// Batches not to be sold for now.
    pub n_suspended: u64,
    /// Batches taken back.
    pub n_recalled: u64,
    /// Stamps minted, without the whole batches' own.
    pub n_minted: u64,
    /// Stamps voided of them.
    pub n_voided: u64,
}

/// A product for which a batch may be opened, in the list to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductChoice {
    /// Its number in the register.
    pub product_no: ProductNo,
    /// Its name.
    pub name: String,
    /// Its producer's name.
    pub producer: String,
}

/// What the form for a new batch begins with.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// The product.
    pub product: Product,
    /// A lot that is free.
    pub lot: String,
    /// The batch of this product that was opened last.
    pub last: Option<Batch>,
    /// Today, in Vietnam.
    pub today: NaiveDate,
}
