//! The tape between the HTTP client and the network.

use botserver_http::{Error, Exchange, Request, Response, Result};

use super::{Mode, Tape, describe};

impl Exchange for Tape {
    fn answer(&self, request: &Request) -> Result<Option<Response>> {
        if self.mode() == Mode::Record {
            return Ok(None);
        }
        let asked = describe::request(request, &self.secrets().with_headers(&request.headers));
        let answer = self.replay(&asked).map_err(|message| Error::Exchange { message })?;
        describe::replayed(request, &answer).map(Some)
    }

    fn heard(&self, request: &Request, outcome: &Result<Response>) {
        // What our own rules refuse never went out: there is nothing to record, and the refusal may be gone tomorrow.
        if matches!(outcome, Err(Error::BadUrl { .. } | Error::Scheme { .. } | Error::Refused { .. })) {
            return;
        }
        let secrets = self.secrets().with_headers(&request.headers);
        let asked = describe::request(request, &secrets);
        self.record(asked, describe::answer(request, outcome, &secrets));
    }
}
