//! The ledger as anyone reads it, in the formats of C2SP byte for byte: key, checkpoint, tiles, entries, proofs. Open to every origin;
//! what a witness posts is taken for its signature, not for who sends it.

use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_DISPOSITION, HeaderValue, RETRY_AFTER,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures_util::StreamExt;

use crate::error::{Error, Result, Thing};
use crate::http::{Problem, Public, routes};
use crate::merkle::{Bundle, Tile};
use crate::stamp::BatchNo;

use super::service::Ledger;

routes! {
    GET "/ledger/vkey" => show_vkey: Public,
    GET "/ledger/checkpoint" => show_checkpoint: Public,
    GET "/ledger/checkpoint/witnessed" => show_witnessed_checkpoint: Public,
    GET "/ledger/tile/{path:.*}" => show_tile: Public,
    POST "/ledger/cosignatures" => add_cosignature: Public,
    GET "/batches/{no}/{n:[0-9]+}.tlog-proof" => show_proof: Public,
}

/// Every text of the ledger is UTF-8.
const TEXT: &str = "text/plain; charset=utf-8";
/// Of tiles and bundles.
const BYTES: &str = "application/octet-stream";
/// The path of a tile or bundle never stands for other bytes (C2SP tlog-tiles), a partial one's neither.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// A checkpoint is out of date within 200 ms of the next entry. A second is short enough for whoever waits for a seal, and spares the
/// server when a page of many readers asks.
const A_SECOND: &str = "public, max-age=1";
/// The key stays, but whoever set up a server anew should not wait a day.
const AN_HOUR: &str = "public, max-age=3600";
/// After so many seconds an entry that waited is sealed.
const SEAL_SECONDS: &str = "1";
/// Largest posted note, bytes: a checkpoint with a hundred cosignatures is about as long.
const MAX_COSIGNED_NOTE_BYTES: usize = 16 * 1024;

fn answer(media_type: &str, caching: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type(media_type).insert_header((CACHE_CONTROL, caching));
    response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    response
}

/// The ledger's public key, by which its checkpoints are checked (C2SP signed-note).
#[utoipa::path(get, path = "/ledger/vkey", tag = "ledger", responses(
    (status = 200, description = "The verifier key and a newline", body = String, content_type = "text/plain"),
))]
async fn show_vkey(_: Public, ledger: web::Data<Ledger>) -> HttpResponse {
    answer(TEXT, AN_HOUR).body(format!("{}\n", ledger.verifier()))
}

/// The newest checkpoint with the cosignatures that it has so far (C2SP tlog-checkpoint).
#[utoipa::path(get, path = "/ledger/checkpoint", tag = "ledger", responses(
    (status = 200, description = "The signed note", body = String, content_type = "text/plain"),
    (status = 404, description = "Nothing is published yet", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The register is not reached", body = Problem, content_type = "application/problem+json"),
))]
async fn show_checkpoint(_: Public, ledger: web::Data<Ledger>) -> Result<HttpResponse> {
    let text = ledger.newest_checkpoint_text().await?.ok_or(Error::NotFound(Thing::File))?;
    Ok(answer(TEXT, A_SECOND).body(text))
}

/// The newest checkpoint that enough witnesses cosigned, or else the one that most did.
#[utoipa::path(get, path = "/ledger/checkpoint/witnessed", tag = "ledger", responses(
    (status = 200, description = "The signed note", body = String, content_type = "text/plain"),
    (status = 404, description = "No witness cosigned a checkpoint yet", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The register is not reached", body = Problem, content_type = "application/problem+json"),
))]
async fn show_witnessed_checkpoint(_: Public, ledger: web::Data<Ledger>) -> Result<HttpResponse> {
    let text = ledger.witnessed_checkpoint_text().await?.ok_or(Error::NotFound(Thing::File))?;
    Ok(answer(TEXT, A_SECOND).body(text))
}

/// A tile of hashes, or a bundle of entries below `entries/` (C2SP tlog-tiles).
#[utoipa::path(get, path = "/ledger/tile/{path}", tag = "ledger",
    params(("path" = String, Path, description = "`<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`", example = "0/000.p/12")), responses(
    (status = 200, description = "The hashes, or the entries behind their lengths", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 404, description = "No such tile is published", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The register is not reached", body = Problem, content_type = "application/problem+json"),
))]
async fn show_tile(_: Public, req: HttpRequest, ledger: web::Data<Ledger>) -> Result<HttpResponse> {
    // The raw path: a tile has one spelling, and percent signs are in none.
    let path = req.uri().path().strip_prefix("/ledger/").unwrap_or_default();
    let found = match (Tile::parse(path), Bundle::parse(path)) {
        (Ok(tile), _) => ledger.tile(tile).await?,
        (_, Ok(bundle)) => ledger.bundle(bundle).await?,
        _ => None,
    };
    Ok(answer(BYTES, FOR_EVER).body(found.ok_or(Error::NotFound(Thing::File))?))
}

/// Takes a witness's cosignature of a published checkpoint: the whole note with the witness's signature line.
#[utoipa::path(post, path = "/ledger/cosignatures", tag = "ledger",
    request_body(content = String, content_type = "text/plain", description = "The cosigned checkpoint"), responses(
    (status = 204, description = "Taken"),
    (status = 403, description = "Of no named witness", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Not of this ledger, or not published", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "Too long", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Not a cosigned checkpoint", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The register is not reached", body = Problem, content_type = "application/problem+json"),
))]
async fn add_cosignature(_: Public, body: web::Payload, ledger: web::Data<Ledger>) -> Result<HttpResponse> {
    let note = read_body(body).await?;
    ledger.accept_cosignature(&note).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn read_body(mut body: web::Payload) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|err| Error::MalformedBody { at: ".".to_owned(), reason: err.to_string() })?;
        if MAX_COSIGNED_NOTE_BYTES < bytes.len() + chunk.len() {
            return Err(Error::BodyTooLarge { limit: MAX_COSIGNED_NOTE_BYTES });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The proof that a batch's entry is in the ledger, to be checked anywhere, without network (C2SP tlog-proof).
#[utoipa::path(get, path = "/batches/{no}/{n}.tlog-proof", tag = "ledger",
    params(("no" = u32, Path, description = "Number of the batch"), ("n" = u32, Path, description = "Place of the entry in the batch's history, from 1")), responses(
    (status = 200, description = "The proof, with the entry as its extra data", body = String, content_type = "text/plain"),
    (status = 404, description = "No such entry", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The entry waits to be sealed; try again in a second", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The register is not reached", body = Problem, content_type = "application/problem+json"),
))]
async fn show_proof(_: Public, path: web::Path<(String, String)>, ledger: web::Data<Ledger>) -> Result<HttpResponse> {
    let (no, n) = path.into_inner();
    let batch_no: BatchNo = no.parse().map_err(|_| Error::NotFound(Thing::Batch))?;
    let n = parse_place(&n).ok_or(Error::NotFound(Thing::File))?;
    let proof = match ledger.prove(batch_no, n).await {
        Err(error @ Error::NotSealedYet) => {
            let mut response = HttpResponse::from_error(error);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(SEAL_SECONDS));
            return Ok(response);
        }
        proof => proof?,
    };
    let name = format!("attachment; filename=\"lo-{batch_no}-{n}.tlog-proof\"");
    Ok(answer(TEXT, A_SECOND).insert_header((CONTENT_DISPOSITION, name)).body(proof))
}

/// A place in a chain, from 1, in its one spelling.
fn parse_place(text: &str) -> Option<u32> {
    text.parse().ok().filter(|n: &u32| 0 < *n && n.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_chain_has_one_spelling() {
        assert_eq!(parse_place("4"), Some(4));
        for text in ["0", "04", "+4", "", "4294967296"] {
            assert_eq!(parse_place(text), None, "{text}");
        }
    }
}
