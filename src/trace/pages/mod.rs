//! Pages of what happened to a batch: its log for whoever keeps it, the form that records, who may use a lot, how far a lot went,
//! the stages to choose from; and for anyone the timeline and the photos. Each handler extracts, calls services, shows.

mod choices;
mod event_form;
mod form_page;
mod lines;
mod log;
pub mod photos;
pub mod public;
mod reach;
mod recording;
mod shares;
mod stages;
mod words;

use crate::http::{Keeper, Office, Overseer, Reader, pages};

use log::show_log;
use reach::{show_reach, show_reach_of_lot};
use recording::{correct_event, record_event, show_correction_form, show_new_form};
use shares::{change_shares, show_shares};
use stages::{
    add_stage, change_stage, choose_product_stages, close_stage, list_templates, move_stage, reopen_stage,
    show_product_stages, show_template,
};

pages! {
    GET "/batches/{batch_no}/events" => show_log: Reader,
    GET "/batches/{batch_no}/events/new" => show_new_form: Keeper,
    POST "/batches/{batch_no}/events/new" => record_event: Keeper,
    GET "/batches/{batch_no}/events/{n}/correction" => show_correction_form: Keeper,
    POST "/batches/{batch_no}/events/{n}/correction" => correct_event: Keeper,
    GET "/batches/{batch_no}/shares" => show_shares: Keeper,
    POST "/batches/{batch_no}/shares" => change_shares: Keeper,
    GET "/batches/{batch_no}/reach" => show_reach: Overseer,
    GET "/lots/{lot_no}/reach" => show_reach_of_lot: Overseer,
    GET "/products/{product_no}/stages" => show_product_stages: Keeper,
    POST "/products/{product_no}/stages" => choose_product_stages: Keeper,
    GET "/stages" => list_templates: Office,
    GET "/stages/{template}" => show_template: Office,
    POST "/stages/{template}" => add_stage: Office,
    POST "/stages/{template}/{stage_no}" => change_stage: Office,
    POST "/stages/{template}/{stage_no}/move" => move_stage: Office,
    POST "/stages/{template}/{stage_no}/close" => close_stage: Office,
    POST "/stages/{template}/{stage_no}/reopen" => reopen_stage: Office,
}
