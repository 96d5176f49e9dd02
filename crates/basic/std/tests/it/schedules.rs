//! Schedules in words stand for the cron expressions of the reference; cron expressions stand for themselves.

use botserver_basic_std::schedule::to_cron;

#[test]
fn words_stand_for_cron() {
    for (words, cron) in [
        ("every minute", "* * * * *"),
        ("every 5 minutes", "*/5 * * * *"),
        ("Every Hour", "0 * * * *"),
        ("hourly", "0 * * * *"),
        ("every 2 hours", "0 */2 * * *"),
        ("every day", "0 0 * * *"),
        ("daily", "0 0 * * *"),
        ("every week", "0 0 * * 0"),
        ("monthly", "0 0 1 * *"),
        ("annually", "0 0 1 1 *"),
        ("at 9:30am", "30 9 * * *"),
        ("at noon", "0 12 * * *"),
        ("every day at 12am", "0 0 * * *"),
        ("every day at 14:00", "0 14 * * *"),
        ("every monday", "0 0 * * 1"),
        ("every fri at 2 pm", "0 14 * * 5"),
        ("weekdays at 8am", "0 8 * * 1-5"),
        ("every weekday", "0 0 * * 1-5"),
        ("weekends at midnight", "0 0 * * 0,6"),
        ("every hour from 9am to 5pm", "0 9-17 * * *"),
        ("business hours", "0 9-17 * * 1-5"),
        ("every hour during business hours", "0 9-17 * * 1-5"),
        ("every 30 minutes during business hours", "*/30 9-17 * * 1-5"),
    ] {
        assert_eq!(to_cron(words).as_deref(), Some(cron), "{words}");
    }
}

#[test]
fn cron_stands_for_itself() {
    for cron in ["59 * * * *", "0 30 22 * * *", "*/10 9-17 * * mon-fri", "0 0 1 jan *", "1,2 3 * * 7", "0 9 ? * 1"] {
        assert_eq!(to_cron(cron).as_deref(), Some(cron));
    }
    for wrong in [
        "",
        "every banana",
        "60 * * * *",
        "* * *",
        "a b c d e",
        "every 0 minutes",
        "at 25:00",
        "*/0 * * * *",
        "at 13pm",
    ] {
        assert_eq!(to_cron(wrong), None, "{wrong}");
    }
}
