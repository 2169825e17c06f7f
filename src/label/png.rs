//! A symbol as a PNG of one bit a pixel; whole pixels a module, and it must never resample.

use ::png::{BitDepth, ColorType, Compression, Encoder, Filter, PixelDimensions, Unit};

use super::{LabelError, QUIET_MODULES, symbol::Symbol};

/// Millimetres in a metre, the unit in which PNG states its scale.
const METRE_MM: f64 = 1_000.0;

/// Pixels a module, 1 to 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PxPerModule(u8);

impl PxPerModule {
    /// Smallest scale: one pixel a module.
    pub const MIN: u32 = 1;
    /// Largest scale: 61 modules become 1,952 pixels, enough for 1200 dpi at 41 mm; beyond it use SVG.
    pub const MAX: u32 = 32;

    /// A scale in pixels a module; 1 to 32.
    pub fn new(px: u32) -> Result<Self, LabelError> {
        let in_range = (Self::MIN..=Self::MAX).contains(&px);
        u8::try_from(px).ok().filter(|_| in_range).map(Self).ok_or(LabelError::PxOutOfRange { px })
    }

    /// The scale as a number.
    pub const fn px(self) -> u8 {
        self.0
    }
}

/// The symbol with its quiet zone as a PNG; it states its printed size, so that programs that honour it print it at the plan's width.
pub fn qr_png(symbol: &Symbol, scale: PxPerModule) -> Result<Vec<u8>, LabelError> {
    let side = (u32::from(symbol.n_modules()) + 2 * u32::from(QUIET_MODULES)) * u32::from(scale.0);
    let mut png = Vec::with_capacity(4096);
    let mut encoder = Encoder::new(&mut png, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    // Slower compression takes seven times as long to save one kilobyte a stamp; most rows repeat the one above.
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Up);
    let per_metre = (f64::from(scale.0) * METRE_MM / symbol.module_mm()).round();
    let per_metre = format!("{per_metre:.0}").parse().ok();
    encoder.set_pixel_dims(per_metre.map(|n| PixelDimensions { xppu: n, yppu: n, unit: Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels(symbol, scale, side))?;
    writer.finish()?;
    Ok(png)
}

/// Rows of packed pixels, the leftmost in the highest bit, white = 1.
fn pixels(symbol: &Symbol, scale: PxPerModule, side: u32) -> Vec<u8> {
    let n = symbol.n_modules();
    let row_bytes = usize::try_from(side.div_ceil(8)).unwrap_or(0);
    let mut data = Vec::new();
    for y in 0..n + 2 * QUIET_MODULES {
        let mut row = vec![u8::MAX; row_bytes];
        for x in 0..n {
            if y.checked_sub(QUIET_MODULES).is_some_and(|y| symbol.is_dark(x, y)) {
                let left = usize::from(x + QUIET_MODULES) * usize::from(scale.0);
                for px in left..left + usize::from(scale.0) {
                    if let Some(byte) = row.get_mut(px / 8) {
                        *byte &= !(0x80 >> (px % 8));
                    }
                }
            }
        }
        for _ in 0..scale.0 {
            data.extend_from_slice(&row);
        }
    }
    data
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::label::{
        carrier::Carrier,
        plan::LabelWidth,
        symbol::symbol_for,
        testing::{HOSTS, TestStamp, read_png, stamp},
    };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]
        #[test]
        fn a_reader_finds_exactly_the_stamps_address(
            serial in 0_u32..16_777_216, host in 0_usize..3, full: bool, tenths in 180_u16..400, px in 2_u32..9,
        ) {
            let made = TestStamp::numbered(serial);
            let stamp = made.text(HOSTS[host]);
            let carrier = if full { Carrier::Full } else { Carrier::Compact };
            let symbol = symbol_for(&stamp, carrier, LabelWidth::from_tenths(tenths).unwrap()).unwrap();
            let png = qr_png(&symbol, PxPerModule::new(px).unwrap()).unwrap();
            prop_assert_eq!(read_png(&png), vec![stamp.url(carrier)]);
        }
    }

    #[test]
    fn a_picture_has_whole_pixels_a_white_border_and_its_printed_size() {
        let symbol = symbol_for(&stamp().text(HOSTS[1]), Carrier::Full, LabelWidth::STANDARD).unwrap();
        let png = qr_png(&symbol, PxPerModule::new(3).unwrap()).unwrap();
        let reader = ::png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
        let info = reader.info();
        assert_eq!((info.width, info.height, info.bit_depth), (159, 159, BitDepth::One));
        // 203 dots an inch are 7,992 a metre.
        assert_eq!(info.pixel_dims.unwrap().xppu, 7_992);
        let picture = image::load_from_memory(&png).unwrap().to_luma8();
        for (x, y, pixel) in picture.enumerate_pixels() {
            let module = |px: u32| u16::try_from(px / 3).unwrap().checked_sub(QUIET_MODULES);
            let dark = module(x).zip(module(y)).is_some_and(|(x, y)| symbol.is_dark(x, y));
            assert_eq!(pixel.0[0] == 0, dark, "{x} {y}");
        }
    }

    #[test]
    fn a_picture_takes_1_to_32_pixels_a_module() {
        assert!(PxPerModule::new(1).is_ok() && PxPerModule::new(32).is_ok());
        for px in [0, 33, 257, u32::MAX] {
            assert_eq!(PxPerModule::new(px).unwrap_err().code(), "label_px_per_module");
        }
    }
}
