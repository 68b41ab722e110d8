use codec::Description;
use serde_json::{Map, Value, json};

/// What a file says of itself, in the keys that clients of imgix's `fm=json` read; metadata by its groups.
pub(super) fn json(said: &Description) -> String {
    let mut all = Map::new();
    let info = &said.info;
    all.insert("Content-Type".into(), info.kind.content_type().into());
    all.insert("Content-Length".into(), said.bytes.to_string().into());
    all.insert("PixelWidth".into(), info.width.into());
    all.insert("PixelHeight".into(), info.height.into());
    all.insert("Orientation".into(), info.orientation.into());
    all.insert("Depth".into(), said.bit_depth.into());
    let model = match said.color_model {
        "gray" => "Gray",
        "cmyk" => "CMYK",
        _ => "RGB",
    };
    all.insert("ColorModel".into(), model.into());
    all.insert("HasAlpha".into(), info.may_have_alpha.into());
    if info.frames > 1 {
        all.insert("FrameCount".into(), info.frames.into());
    }
    if let Some(name) = &said.profile {
        all.insert("ProfileName".into(), name.as_str().into());
    }
    if let Some((across, down)) = said.density {
        all.insert("DPIWidth".into(), across.into());
        all.insert("DPIHeight".into(), down.into());
    }
    if said.pages > 1 {
        all.insert("PDF".into(), json!({"PageCount": said.pages}));
    }
    for field in &said.fields {
        let group = all.entry(field.group).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(group) = group {
            group.insert(field.name.clone(), field.value.as_str().into());
        }
    }
    Value::Object(all).to_string()
}
