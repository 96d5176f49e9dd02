//! Providers that hang, drip, cut and flood; and people who leave.

use std::time::{Duration, Instant};

use botserver_ports::{ChatModel as _, ModelFault, ModelLimits, ModelPiece, ModelRequest};
use botserver_testkit::{FakeAnswer, FakeModel, FakeStep, FakeStyle};
use futures_util::StreamExt as _;

use crate::{answered, failed, impatient, models, read, request};

#[tokio::test]
async fn silence_ends_in_time_wherever_it_falls() {
    let model = FakeModel::start().await.unwrap();
    model.answer(FakeAnswer::Silent);
    let error = failed(impatient(&model.url())).await;
    assert_eq!(error.fault, ModelFault::TimedOut);
    assert_eq!(error.message, "127.0.0.1 did not begin to answer within 1 seconds.");

    model.answer(FakeAnswer::stream([FakeStep::Stall]));
    let error = failed(impatient(&model.url())).await;
    assert_eq!(error.message, "127.0.0.1 did not begin to answer within 1 seconds.");

    model.answer(FakeAnswer::stream([FakeStep::text("one"), FakeStep::Stall]));
    let (answer, error) = read(impatient(&model.url())).await;
    assert_eq!(answer.text, "one");
    assert_eq!(error.unwrap().message, "127.0.0.1 went silent in the middle of its answer for 1 seconds.");
    model.until_disconnects(3).await;
}

#[tokio::test]
async fn dripping_bytes_and_comments_are_no_pieces() {
    let model = FakeModel::start().await.unwrap();
    let mut steps = vec![FakeStep::text("one")];
    // More than enough of them: the test ends long before.
    for _ in 0..2_000 {
        steps.extend([FakeStep::Raw(": still here\n\n".to_owned()), FakeStep::PauseMs(20)]);
    }
    model.answer(FakeAnswer::stream(steps));
    assert_eq!(failed(impatient(&model.url())).await.fault, ModelFault::TimedOut);
    let byte = |_| [FakeStep::Raw("x".to_owned()), FakeStep::PauseMs(20)];
    model.answer(FakeAnswer::stream((0..2_000).flat_map(byte)));
    assert_eq!(failed(impatient(&model.url())).await.fault, ModelFault::TimedOut);
    model.until_disconnects(2).await;
}

#[tokio::test]
async fn a_role_is_no_piece_yet() {
    let model = FakeModel::start().await.unwrap();
    // The fake names the role at once; a model may then think for longer than it may be silent in the middle.
    model.answer(FakeAnswer::stream([FakeStep::Gate, FakeStep::text("one")]));
    let limits = ModelLimits { idle: Duration::from_millis(1), ..ModelLimits::default() };
    let adapter = models();
    let mut stream = adapter.ask(ModelRequest { limits, ..request(&model.url()) }).await.unwrap();
    let mut first = stream.next();
    let silent = tokio::time::timeout(Duration::from_millis(300), &mut first).await;
    assert!(silent.is_err(), "{silent:?}");
    model.release();
    assert_eq!(first.await.unwrap().unwrap(), ModelPiece::Text("one".to_owned()));
}

#[tokio::test]
async fn an_answer_that_never_ends_is_ended() {
    let model = FakeModel::start().await.unwrap();
    let piece = |_| [FakeStep::text("more "), FakeStep::PauseMs(20)];
    model.answer(FakeAnswer::stream((0..2_000).flat_map(piece)));
    let limits = ModelLimits { total: Duration::from_millis(400), ..ModelLimits::default() };
    let (answer, error) = read(ModelRequest { limits, ..request(&model.url()) }).await;
    assert!(answer.text.starts_with("more "));
    assert_eq!(error.unwrap().message, "The answer of 127.0.0.1 took longer than 1 seconds.");
    model.until_disconnects(1).await;
}

#[tokio::test]
async fn a_gigabyte_is_not_read() {
    let model = FakeModel::start().await.unwrap();
    for chunks in [true, false] {
        model.answer(FakeAnswer::stream([FakeStep::Flood { bytes: 1 << 30, chunks }]));
        assert_eq!(failed(request(&model.url())).await.fault, ModelFault::TooMuch, "chunks: {chunks}");
    }
    let part = "x".repeat(1 << 16);
    for (status, body, fault) in [
        (200, format!("{{\"x\":\"{part}"), ModelFault::TooMuch),
        (200, format!(": {part}\n\n"), ModelFault::TooMuch),
        (500, part, ModelFault::Failed),
    ] {
        let media_type = "application/json".to_owned();
        model.answer(FakeAnswer::Reply {
            status,
            media_type,
            body,
            times: 1 << 14,
            retry_after: None,
            headers: Vec::new(),
        });
        let error = failed(request(&model.url())).await;
        assert_eq!(error.fault, fault, "{status}");
        assert!(error.message.len() < 500, "{error}");
    }
    model.until_disconnects(5).await;
}

#[tokio::test]
async fn a_broken_connection_is_told_from_an_end() {
    let model = FakeModel::start().await.unwrap();
    model.answer(FakeAnswer::stream([FakeStep::text("one"), FakeStep::Cut]));
    model.answer(FakeAnswer::stream([FakeStep::text("one"), FakeStep::Stop]));
    model.answer(FakeAnswer::stream([FakeStep::text("one"), FakeStep::Raw("data: {\"cho".to_owned()), FakeStep::Stop]));
    for way in ["cut", "ends", "ends in the middle of a piece"] {
        let (answer, error) = read(request(&model.url())).await;
        assert_eq!(answer.text, "one");
        let error = error.unwrap();
        assert_eq!(error.fault, ModelFault::Cut, "{way}: {error}");
        assert!(error.is_passing());
    }
    model.answer(FakeAnswer::HangUp);
    assert_eq!(failed(request(&model.url())).await.fault, ModelFault::Cut);
}

#[tokio::test]
async fn who_leaves_closes_the_connection_at_once() {
    let model = FakeModel::start().await.unwrap();
    model.always(FakeAnswer::stream([FakeStep::text("one"), FakeStep::Gate, FakeStep::text("two")]));
    for n in 1..=5 {
        let mut stream = models().ask(request(&model.url())).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), ModelPiece::Text("one".to_owned()));
        model.until_gates(n).await;
        assert_eq!(model.seen().disconnects, n - 1);
        let left = Instant::now();
        drop(stream);
        let seen = model.until_disconnects(n).await;
        println!("the server saw it after {:?}", seen.disconnected_at.unwrap().saturating_duration_since(left));
    }
    // Also before the head has come.
    model.when(botserver_testkit::FakeRule::new([FakeAnswer::Silent]));
    let adapter = models();
    tokio::select! {
        _ = adapter.ask(request(&model.url())) => panic!("an answer of a silent server"),
        () = model.until_requests(6) => {}
    }
    model.until_disconnects(6).await;
}

#[tokio::test]
async fn a_first_piece_is_handed_out_before_the_second_exists() {
    let model = FakeModel::start().await.unwrap();
    let style = FakeStyle { comments: true, crlf: true, ..FakeStyle::default() };
    model.answer(FakeAnswer::stream([FakeStep::text("one"), FakeStep::Gate, FakeStep::text("two")]).styled(style));
    let mut stream = models().ask(request(&model.url())).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), ModelPiece::Text("one".to_owned()));
    model.until_gates(1).await;
    model.release();
    assert_eq!(stream.next().await.unwrap().unwrap(), ModelPiece::Text("two".to_owned()));
    // No limit at all is one that a clock can count.
    let none = ModelLimits { first: Duration::MAX, idle: Duration::MAX, total: Duration::MAX, bytes: usize::MAX };
    model.answer(FakeAnswer::text("again"));
    assert_eq!(answered(ModelRequest { limits: none, ..request(&model.url()) }).await.text, "again");
}
