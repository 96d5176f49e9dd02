//! Counters in the text format that Prometheus reads. Rooms get a handle and register their own.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use parking_lot::Mutex;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Label names and values of one counter of a family.
pub type Labels = Vec<(&'static str, String)>;
/// A counter per set of labels.
pub type CounterFamily = Family<Labels, Counter>;
/// A number that goes up and down.
pub type GaugeHandle = Gauge<i64, AtomicI64>;

type Refresh = Box<dyn Fn() + Send + Sync>;

/// All counters of the process. Clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Mutex<Registry>,
    refreshers: Mutex<Vec<Refresh>>,
    requests: CounterFamily,
    durations: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("botserver");
        let requests = CounterFamily::default();
        registry.register("http_requests", "HTTP requests by method, route and status", requests.clone());
        let buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
        let durations = Histogram::new(buckets);
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's head to its answer's head",
            Unit::Seconds,
            durations.clone(),
        );
        let metrics =
            Self(Arc::new(Inner { registry: Mutex::new(registry), refreshers: Mutex::default(), requests, durations }));
        metrics.gauge_on_scrape("process_resident_memory_bytes", "Resident memory", resident_bytes);
        metrics
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Metrics")
    }
}

impl Metrics {
    /// A new counter `botserver_<name>_total`.
    pub fn counter(&self, name: &str, help: &str) -> Counter {
        let counter = Counter::default();
        self.0.registry.lock().register(name, help, counter.clone());
        counter
    }

    /// A new family of counters `botserver_<name>_total{…}`.
    pub fn counter_family(&self, name: &str, help: &str) -> CounterFamily {
        let family = CounterFamily::default();
        self.0.registry.lock().register(name, help, family.clone());
        family
    }

    /// A new gauge `botserver_<name>`.
    pub fn gauge(&self, name: &str, help: &str) -> GaugeHandle {
        let gauge = GaugeHandle::default();
        self.0.registry.lock().register(name, help, gauge.clone());
        gauge
    }

    /// A gauge whose value is asked for when somebody reads the metrics; `None` keeps the last one.
    pub fn gauge_on_scrape(&self, name: &str, help: &str, value: impl Fn() -> Option<i64> + Send + Sync + 'static) {
        let gauge = self.gauge(name, help);
        self.0.refreshers.lock().push(Box::new(move || {
            if let Some(value) = value() {
                gauge.set(value);
            }
        }));
    }

    pub(crate) fn request(&self, method: &str, route: &str, status: u16, time: Duration) {
        let labels = vec![("method", method.to_owned()), ("route", route.to_owned()), ("status", status.to_string())];
        self.0.requests.get_or_create(&labels).inc();
        self.0.durations.observe(time.as_secs_f64());
    }

    /// Everything, as OpenMetrics text.
    pub fn render(&self) -> String {
        for refresh in self.0.refreshers.lock().iter() {
            refresh();
        }
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.0.registry.lock());
        text
    }
}

/// Linux tells it in kilobytes; elsewhere the gauge stays 0.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok().map(|kilobytes| kilobytes * 1024)
}
