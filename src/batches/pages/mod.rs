//! Pages of batches: the list, a new one, one batch with everything that is done to it, what is printed, and the requests that
//! the office decides. Each handler extracts, calls one service, shows.

mod acts;
mod batch;
mod list;
mod opening;
mod requests;
mod stamps;
mod words;

use crate::http::{Keeper, Office, Overseer, Reader, pages};

use super::print_api::{export_csv, show_label};

use acts::{ask_quota, close_batch, order_stamps, recall_batch, resume_batch, set_quota, suspend_batch, void_stamps};
use batch::show_batch;
use list::list_batches;
use opening::{open_batch, show_new_form};
use requests::{decide_proposal, decide_quota, save_policy, show_requests};
use stamps::{show_sheet, show_stamp};

pub(crate) use words::doer_name;

pages! {
    GET "/batches" => list_batches: Reader,
    POST "/batches" => open_batch: Keeper,
    GET "/batches/new" => show_new_form: Keeper,
    GET "/batches/{batch_no}" => show_batch: Reader,
    POST "/batches/{batch_no}/stamps" => order_stamps: Keeper,
    POST "/batches/{batch_no}/voids" => void_stamps: Keeper,
    POST "/batches/{batch_no}/close" => close_batch: Keeper,
    POST "/batches/{batch_no}/suspend" => suspend_batch: Office,
    POST "/batches/{batch_no}/resume" => resume_batch: Office,
    POST "/batches/{batch_no}/recall" => recall_batch: Office,
    POST "/batches/{batch_no}/quota" => set_quota: Office,
    POST "/batches/{batch_no}/quota-requests" => ask_quota: Keeper,
    GET "/batches/{batch_no}/sheet" => show_sheet: Keeper,
    GET "/batches/{batch_no}/stamps.csv" => export_csv: Keeper,
    GET "/batches/{batch_no}/stamps/{serial}" => show_stamp: Keeper,
    GET "/batches/{batch_no}/stamps/{serial}/label.svg" => show_label: Keeper,
    GET "/requests" => show_requests: Overseer,
    POST "/requests/proposals/{proposal_no}" => decide_proposal: Office,
    POST "/requests/quotas/{request_no}" => decide_quota: Office,
    POST "/requests/policy" => save_policy: Office,
}
