//! Compares a file's rows with the register and decides what to write. It asks no database: what the register holds comes in
//! as an argument.

use sha2::{Digest, Sha256};

use crate::register::facts::types::{Fact, ProducerFacts, ProductFacts};
use crate::register::facts::{Facts, differences};
use crate::register::import::{Column, ErrorList, ImportErrors, ImportRow, RowState, Sentence};

use super::certificates::{self, Matching, OfProduct, PlannedCertificate};
use super::changes::Changes;
use super::existing::{Existing, Index};
use super::producers::{self, Key as ProducerKey, Producers, refused};
use super::products::{self, Key as ProductKey, Products};
use super::types::{ChangedThing, ImportPreview, ImportReport, Photos};
use super::unique::refuse_taken;

/// What is to be written.
#[derive(Default)]
pub(in crate::register) struct Plan {
    /// Every producer of the file.
    pub(super) producers: Vec<PlannedProducer>,
    /// Every product of the file.
    pub(super) products: Vec<PlannedProduct>,
    /// Certificates that are new or change.
    pub(super) certificates: Vec<PlannedCertificate>,
    pub(super) photos: Photos,
    preview: ImportPreview,
}

/// A producer of the file.
pub(super) struct PlannedProducer {
    /// Its number, when the register has it.
    pub(super) number: Option<i32>,
    pub(super) row: usize,
    /// What the register will say of it.
    pub(super) facts: ProducerFacts,
    /// Words of the columns that change; none of a new one.
    pub(super) changed: Vec<&'static str>,
}

/// A product of the file.
pub(super) struct PlannedProduct {
    /// Its number, when the register has it.
    pub(super) number: Option<i32>,
    pub(super) row: usize,
    /// Place of its producer.
    pub(super) producer: usize,
    /// What the register will say of it.
    pub(super) facts: ProductFacts,
    /// Words of the columns that change; none of a new one.
    pub(super) changed: Vec<&'static str>,
    /// Its new picture, by the file's name.
    pub(super) picture: Option<String>,
}

impl PlannedProducer {
    pub(super) const fn is_written(&self) -> bool {
        self.number.is_none() || !self.changed.is_empty()
    }
}

impl PlannedProduct {
    pub(super) const fn is_written(&self) -> bool {
        self.number.is_none() || !self.changed.is_empty()
    }
}

impl Plan {
    /// What it would change.
    pub(in crate::register) fn into_preview(self) -> ImportPreview {
        self.preview
    }

    /// The same while it is still to be written.
    pub(super) const fn preview(&self) -> &ImportPreview {
        &self.preview
    }

    /// What writing it does, but for the numbers that new products get.
    pub(super) fn report(&self) -> ImportReport {
        self.preview.report.clone()
    }

    /// Things that it writes.
    pub(super) fn n_written(&self) -> usize {
        let producers = self.producers.iter().filter(|own| own.is_written()).count();
        let products = self.products.iter().filter(|own| own.is_written()).count();
        producers + products + self.certificates.len()
    }
}

/// Decides, or says of each bad row what is wrong with it.
pub(in crate::register) fn make_plan(
    rows: &[ImportRow],
    photos: Photos,
    existing: &Existing,
) -> Result<Plan, ImportErrors> {
    let index = Index::of(existing);
    let mut errors = ErrorList::default();
    let found_producers = producers::resolve(rows, existing, &index, &mut errors);
    let found_products = products::resolve(rows, &found_producers, &index, &mut errors);
    let mut planning = Planning { rows, photos: &photos, existing, index: &index, errors: &mut errors };
    let mut certificates = planning.certificates(&found_products);
    let producers = planning.producers(&found_producers);
    let products = planning.products(&found_products, &certificates);
    planning.refuse_closed(&producers, &products, &certificates);
    planning.refuse_states(&found_products, &producers);
    refuse_taken(rows, existing, &producers, &products, &mut errors);
    errors.into_result()?;
    certificates.sort_by_key(|planned| planned.row);
    let preview = preview(rows, &photos, &producers, &products, &certificates, &index, &found_products);
    Ok(Plan { producers, products, certificates, photos, preview })
}

struct Planning<'p> {
    rows: &'p [ImportRow],
    photos: &'p Photos,
    existing: &'p Existing,
    index: &'p Index<'p>,
    errors: &'p mut ErrorList,
}

fn number_of(key: &ProductKey) -> Option<i32> {
    match key {
        ProductKey::Known(number) => Some(*number),
        ProductKey::New(..) => None,
    }
}

impl Planning<'_> {
    fn certificates(&mut self, products: &Products) -> Vec<PlannedCertificate> {
        let mut matching = Matching::new(self.existing, self.index);
        for (at, (row, product)) in self.rows.iter().zip(&products.of_row).enumerate() {
            let Some((product, merged)) = product.and_then(|at| Some((at, products.merged.get(at)?))) else { continue };
            let product_no = number_of(&merged.key);
            let known = product_no.and_then(|number| self.index.products.get(&number));
            let stars = merged.facts.stars.or_else(|| known.and_then(|known| known.facts.stars));
            if let Err(error) = matching.take(at, row, OfProduct { product, product_no, stars }) {
                self.errors.push(error);
            }
        }
        let product_no = |at: usize| products.merged.get(at).and_then(|merged| number_of(&merged.key));
        matching.finish(self.rows, product_no, self.errors)
    }

    fn producers(&self, found: &Producers) -> Vec<PlannedProducer> {
        let plan = |merged: &super::merging::Merged<ProducerKey, ProducerFacts>| {
            let number = match merged.key {
                ProducerKey::Known(number) => Some(number),
                ProducerKey::New(..) => None,
            };
            let mut facts = merged.facts.clone();
            let mut changed = Vec::new();
            if let Some(known) = number.and_then(|number| self.index.producers.get(&number)) {
                changed = codes(&differences(&known.facts, &facts));
                facts.fill_from(&known.facts);
            }
            PlannedProducer { number, row: merged.row, facts, changed }
        };
        found.merged.iter().map(plan).collect()
    }

    fn products(&mut self, found: &Products, certificates: &[PlannedCertificate]) -> Vec<PlannedProduct> {
        let mut granted = vec![None; found.merged.len()];
        for planned in certificates {
            let today = self.existing.today;
            let is_in_force = planned.entry.window.is_some_and(|(from, to)| from <= today && today <= to);
            if let Some(place) = granted.get_mut(planned.product).filter(|_| is_in_force) {
                *place = planned.entry.draft.stars.map(|stars| (stars, planned.row));
            }
        }
        let pictures = self.pictures(found);
        let merged = found.merged.iter().zip(&found.producer_of).zip(granted).zip(pictures);
        let mut planned = Vec::with_capacity(found.merged.len());
        for (((merged, producer), granted), picture) in merged {
            let number = number_of(&merged.key);
            let mut facts = merged.facts.clone();
            self.follow_stars(&mut facts, granted);
            let mut changed = Vec::new();
            let mut picture = picture;
            if let Some(known) = number.and_then(|number| self.index.products.get(&number)) {
                changed = codes(&differences(&known.facts, &facts));
                facts.fill_from(&known.facts);
                picture = picture.filter(|name| self.is_new_picture(known.product_no, name));
                changed.extend(picture.iter().map(|_| Column::Image.code()));
            }
            planned.push(PlannedProduct { number, row: merged.row, producer: *producer, facts, changed, picture });
        }
        planned
    }

    /// The register's stars of a product are those of the certificate that is in force.
    fn follow_stars(&mut self, facts: &mut ProductFacts, granted: Option<(u8, usize)>) {
        let Some((stars, row)) = granted else { return };
        match (facts.stars, self.rows.get(row)) {
            (Some(said), Some(row)) if said != stars => self.errors.push(refused(
                row,
                Column::Stars,
                Sentence::new(
                    format!("Giấy chứng nhận đang có hiệu lực ghi {stars} sao. Hãy sửa hạng sao của sản phẩm thành {stars}, hoặc sửa sao trên giấy."),
                    format!("The certificate in force grants {stars} stars. Make the product's stars {stars}, or correct the certificate's."),
                ),
            )),
            _ => facts.stars = Some(stars),
        }
    }

    /// The picture that the rows of each product name, when it was handed in.
    fn pictures(&self, found: &Products) -> Vec<Option<String>> {
        let mut named = vec![None; found.merged.len()];
        for (row, product) in self.rows.iter().zip(&found.of_row) {
            let image = row.image.as_ref().filter(|name| self.photos.contains_key(*name));
            if let (Some(image), Some(place)) = (image, product.and_then(|at| named.get_mut(at))) {
                *place = Some(image.clone());
            }
        }
        named
    }

    fn is_new_picture(&self, product_no: i32, name: &str) -> bool {
        let hash = self.photos.get(name).map(|jpeg| Sha256::digest(jpeg).to_vec());
        hash.as_ref() != self.existing.pictures.get(&product_no)
    }

    /// What left the register is not changed by a file.
    fn refuse_closed(
        &mut self,
        producers: &[PlannedProducer],
        products: &[PlannedProduct],
        certificates: &[PlannedCertificate],
    ) {
        let producer_closed = |number: Option<i32>| {
            number.and_then(|number| self.index.producers.get(&number)).is_some_and(|known| known.is_closed)
        };
        let of_producer = |product: &PlannedProduct| producers.get(product.producer).and_then(|own| own.number);
        let product_closed = |product: &PlannedProduct| {
            let own = product.number.and_then(|number| self.index.products.get(&number));
            own.is_some_and(|known| known.is_closed) || producer_closed(of_producer(product))
        };
        let changed = producers.iter().filter(|own| own.is_written() && producer_closed(own.number));
        let mut closed: Vec<(usize, Column)> = changed.map(|own| (own.row, Column::Producer)).collect();
        let changed = products.iter().filter(|own| own.is_written() && product_closed(own));
        closed.extend(changed.map(|own| (own.row, Column::Product)));
        let given = certificates.iter().filter(|own| products.get(own.product).is_some_and(product_closed));
        closed.extend(given.map(|own| (own.row, Column::CertificateNo)));
        for (row, column) in closed {
            if let Some(row) = self.rows.get(row) {
                self.errors.push(refused(row, column, is_closed()));
            }
        }
    }

    /// The column of states is for reading.
    fn refuse_states(&mut self, found: &Products, producers: &[PlannedProducer]) {
        for (row, product) in self.rows.iter().zip(&found.of_row) {
            let Some(said) = row.further.state else { continue };
            let known = product
                .and_then(|at| Some((number_of(&found.merged.get(at)?.key)?, *found.producer_of.get(at)?)))
                .and_then(|(number, producer)| Some((self.index.products.get(&number)?, producers.get(producer)?)));
            let state = known.map_or(RowState::Open, |(known, producer)| {
                let producer = producer.number.and_then(|number| self.index.producers.get(&number));
                known.state(producer.is_some_and(|known| known.is_closed))
            });
            if said != state {
                let sentence = Sentence::new(
                    format!(
                        "Trong sổ, tình trạng là “{}”. Không đóng hay mở lại qua tệp; xin làm trên trang của sản phẩm hoặc chủ thể.",
                        state.vi()
                    ),
                    format!(
                        "The register says “{}”. A file closes and reopens nothing; do it on the page of the product or producer.",
                        state.as_str()
                    ),
                );
                self.errors.push(refused(row, Column::State, sentence));
            }
        }
    }
}

fn is_closed() -> Sentence {
    Sentence::new(
        "Mục này đã đóng trong sổ nên tệp không sửa được. Hãy xóa dòng, hoặc mở lại trên trang của sản phẩm hay chủ thể trước.",
        "This has left the register, so a file cannot change it. Delete the row, or take it back in on its page first.",
    )
}

fn codes<A, B>(differences: &[(Column, A, B)]) -> Vec<&'static str> {
    differences.iter().map(|(column, ..)| column.code()).collect()
}

/// What something new belongs to: its number, when the register has it, and its name.
fn belongs_to(
    [number_column, name_column]: [Column; 2],
    number: Option<i32>,
    name: Option<&String>,
) -> Vec<(Column, Fact)> {
    let number = number.map(|number| (number_column, Fact::Number(number.into())));
    let name = name.map(|name| (name_column, Fact::Text(name.clone())));
    number.into_iter().chain(name).collect()
}

fn preview(
    rows: &[ImportRow],
    photos: &Photos,
    producers: &[PlannedProducer],
    products: &[PlannedProduct],
    certificates: &[PlannedCertificate],
    index: &Index<'_>,
    found: &Products,
) -> ImportPreview {
    let mut changes = Changes::new(rows);
    for planned in producers.iter().filter(|own| own.is_written()) {
        let known = planned.number.and_then(|number| index.producers.get(&number));
        let name = planned.facts.name.as_deref().unwrap_or_default();
        let known = known.map(|known| (known.producer_no, &known.facts));
        changes.add(planned.row, (ChangedThing::Producer, name), known, &planned.facts, Vec::new());
    }
    for planned in products.iter().filter(|own| own.is_written()) {
        let known = planned.number.and_then(|number| index.products.get(&number));
        let name = planned.facts.name.as_deref().unwrap_or_default();
        let mut further = Vec::new();
        if let (None, Some(owner)) = (known, producers.get(planned.producer)) {
            further = belongs_to([Column::ProducerNo, Column::Producer], owner.number, owner.facts.name.as_ref());
        }
        further.extend(planned.picture.clone().map(|name| (Column::Image, Fact::Text(name))));
        let known = known.map(|known| (known.product_no, &known.facts));
        changes.add(planned.row, (ChangedThing::Product, name), known, &planned.facts, further);
    }
    for planned in certificates {
        let said = certificates::said(&planned.entry);
        let product = products.get(planned.product);
        let product_name = product.and_then(|product| product.facts.name.as_ref());
        let name = said.number.as_ref().or(product_name).map_or("", String::as_str);
        let mut further = Vec::new();
        if let (None, Some(product)) = (planned.certificate_id, product) {
            further = belongs_to([Column::ProductNo, Column::Product], product.number, product_name);
        }
        let known = planned.certificate_id.map(|id| (id, &planned.before));
        changes.add(planned.row, (ChangedThing::Certificate, name), known, &said, further);
    }
    let is_changed = |at: usize| {
        let product = found.of_row.get(at).copied().flatten().and_then(|product| products.get(product));
        let producer = product.and_then(|product| producers.get(product.producer));
        product.is_some_and(PlannedProduct::is_written)
            || producer.is_some_and(PlannedProducer::is_written)
            || certificates.binary_search_by_key(&at, |planned| planned.row).is_ok()
    };
    let n_left_out =
        rows.iter().filter(|row| row.image.as_ref().is_some_and(|name| !photos.contains_key(name))).count();
    changes.into_preview(&ImportReport {
        n_rows: rows.len(),
        n_unchanged: (0..rows.len()).filter(|at| !is_changed(*at)).count(),
        n_pictures_left_out: n_left_out,
        ..ImportReport::default()
    })
}
