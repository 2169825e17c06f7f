//! Long answers, made off the web workers and sent piece by piece, so that neither memory nor a worker waits for the whole.

use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};

use crate::error::{Error, Result};

/// Exports at the same time: each holds a thread while its reader is slow, and minting needs threads too.
const MAX_STREAMS: usize = 8;
static STREAMS: Semaphore = Semaphore::const_new(MAX_STREAMS);
/// Pieces that may wait for a slow reader.
const MAX_WAITING_PIECES: usize = 4;

/// Where pieces go; `false` when the reader has gone.
pub struct PieceSink(mpsc::Sender<std::io::Result<Bytes>>);

impl PieceSink {
    /// Sends one piece, waiting while the reader is slow.
    pub fn send(&self, piece: String) -> bool {
        self.0.blocking_send(Ok(piece.into())).is_ok()
    }
}

/// Answers with what `produce` sends. An error after the first piece breaks the connection, so that no one takes a half for the whole.
pub fn streamed(
    mut response: HttpResponseBuilder,
    produce: impl FnOnce(&PieceSink) -> Result<()> + Send + 'static,
) -> Result<HttpResponse> {
    let place = take_place(&STREAMS)?;
    let (sender, mut receiver) = mpsc::channel(MAX_WAITING_PIECES);
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let sink = PieceSink(sender);
        if let Err(error) = produce(&sink) {
            tracing::error!(error.code = error.code(), error.cause = ?error, "a streamed answer broke off");
            drop(sink.0.blocking_send(Err(std::io::Error::other("broken off"))));
        }
    });
    Ok(response.streaming(futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx))))
}

fn take_place(places: &'static Semaphore) -> Result<SemaphorePermit<'static>> {
    places.try_acquire().map_err(|_| Error::Busy("too many exports at once".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_without_a_place_is_told_to_come_again() {
        static PLACES: Semaphore = Semaphore::const_new(1);
        let first = take_place(&PLACES).unwrap();
        assert_eq!(take_place(&PLACES).unwrap_err().code(), "busy");
        drop(first);
        assert!(take_place(&PLACES).is_ok());
    }
}
