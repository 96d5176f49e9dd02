//! ADD TOOL and its kin, and scripts that are tools: arguments arrive typed, RETURN gives the result.

use botserver_basic_types::Value;
use botserver_runtime::TurnBuffer;

use crate::stage::Stage;

#[tokio::test]
async fn tools_are_added_once_and_taken_away() {
    let script = r#"
        ADD TOOL "find-product"
        USE TOOL "Order.bas"
        ADD_TOOL "find-product"
        ADD TOOL "no-such-script"
        TALK JSON(LIST TOOLS)
        REMOVE TOOL "order"
        TALK JSON(tools)
        CLEAR TOOLS
        TALK UBOUND(LIST TOOLS)
        ADD TOOL "track"
    "#;
    let ran = Stage::of(script).run(&[]).await;
    assert_eq!(
        ran.transcript,
        "bot: [\"find-product\",\"order\",\"no-such-script\"]\nbot: [\"find-product\",\"no-such-script\"]\nbot: 0"
    );
    assert_eq!(ran.context().tools, ["track"]);
}

const ORDER: &str = r#"
PARAM product AS string LIKE "tea" DESCRIPTION "what to buy"
PARAM amount AS integer LIKE 2
PARAM price AS number LIKE 9.5 OPTIONAL
PARAM gift AS boolean DEFAULT FALSE
PARAM size AS "S", "M", "L" OPTIONAL
DESCRIPTION "Orders something."
IF NOT size THEN
    HEAR size AS "S", "M", "L" WITH "Which size?"
END IF
RETURN { product: product, total: amount + 1, price: price, gift: gift, size: size }
"#;

#[tokio::test]
async fn a_tool_gets_typed_arguments_and_returns_an_object() {
    let stage = Stage::new(&[("start.bas", "x = 1"), ("order.bas", ORDER)]);
    let call = async |params: &[(&str, Value)], answers: &[&str]| {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        stage.call("order", params, answers, TurnBuffer::default).await.transcript
    };
    let given = [("product", Value::text("tea")), ("amount", Value::text("2")), ("gift", Value::text("yes"))];
    assert_eq!(
        call(&given, &["m"]).await,
        "bot: Which size?\n[menu S|M|L]\nyou: m\n\
         => {\"product\":\"tea\",\"total\":3,\"price\":null,\"gift\":true,\"size\":\"M\"}"
    );
    let given = [
        ("product", Value::Int(7)),
        ("amount", Value::Int(1)),
        ("price", Value::text("2.5")),
        ("size", Value::text("S")),
    ];
    assert_eq!(
        call(&given, &[]).await,
        "=> {\"product\":\"7\",\"total\":2,\"price\":2.5,\"gift\":false,\"size\":\"S\"}"
    );
}
