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
        let secrets = self.secrets().with_headers(&request.headers);
        let asked = describe::request(request, &secrets);
        self.record(asked, describe::answer(request, outcome, &secrets));
    }
}
