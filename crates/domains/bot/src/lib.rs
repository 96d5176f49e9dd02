//! botserver-bot
