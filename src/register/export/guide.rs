//! What each column of the workbook is for, in one plain sentence for whoever fills it in. Text only.

use crate::register::import::Column;

/// Every column that the workbook has, in its order.
pub(super) const GUIDE: &[(Column, &str)] = &[
    (
        Column::ProductNo,
        "Số của sản phẩm trong sổ; giữ nguyên khi sửa (kể cả khi đổi tên), để trống khi thêm sản phẩm mới.",
    ),
    (Column::Product, "Tên sản phẩm như trên giấy chứng nhận. Bắt buộc."),
    (Column::ProductEn, "Tên sản phẩm bằng tiếng Anh, nếu có."),
    (Column::ProductSet, "Số thứ tự nhóm sản phẩm, từ 1 đến 26, theo Quyết định 148/QĐ-TTg. Bắt buộc."),
    (Column::Stars, "Hạng sao của sản phẩm, từ 1 đến 5; để trống nếu chưa rõ."),
    (Column::State, "Chỉ để xem: sản phẩm còn trong sổ hay đã đóng; không đóng hay mở lại qua tệp này."),
    (
        Column::ProducerNo,
        "Số của chủ thể trong sổ; giữ nguyên khi sửa (kể cả khi đổi tên), để trống khi thêm chủ thể mới.",
    ),
    (Column::Producer, "Tên chủ thể làm ra sản phẩm. Bắt buộc."),
    (Column::ProducerKind, "Hợp tác xã; Công ty, doanh nghiệp; Hộ gia đình, hộ kinh doanh; hoặc Tổ hợp tác. Bắt buộc."),
    (Column::TaxCode, "Mã số thuế: 10 chữ số, 10 và 3 chữ số (chi nhánh), hoặc 12 chữ số (hộ gia đình)."),
    (Column::PrintedAddress, "Địa chỉ đúng như in trên bao bì, viết trong một dòng."),
    (Column::Village, "Thôn, xóm, tổ dân phố."),
    (Column::CommuneCode, "Mã 5 chữ số của xã, phường từ 01/07/2025, ví dụ 01843; có thể chỉ điền tên ở cột bên cạnh."),
    (Column::Commune, "Tên xã, phường từ 01/07/2025, ví dụ Phường Bắc Kạn."),
    (Column::FormerCommune, "Tên xã trước 01/07/2025, nếu còn in trên bao bì."),
    (Column::FormerDistrict, "Tên huyện trước 01/07/2025, nếu còn in trên bao bì."),
    (Column::FormerProvince, "Tên tỉnh trước 01/07/2025, nếu còn in trên bao bì."),
    (Column::Story, "Câu chuyện sản phẩm, nhiều nhất 5.000 chữ cái; xuống dòng trong ô bằng Alt+Enter."),
    (Column::StoryEn, "Câu chuyện sản phẩm bằng tiếng Anh, nếu có."),
    (Column::Ingredients, "Thành phần, như trên nhãn."),
    (Column::Standards, "Tiêu chuẩn áp dụng, ví dụ TCCS 01:2025; thiếu mục này thì chưa in được tem."),
    (Column::Gtin, "Mã vạch GS1 nếu sản phẩm có, đủ 8, 12, 13 hoặc 14 chữ số; không tự đặt."),
    (Column::ShelfLife, "Hạn sử dụng kể từ ngày sản xuất, ví dụ 12 tháng hoặc 45 ngày."),
    (Column::PackQuantity, "Một gói chứa bao nhiêu, ví dụ 500 hoặc 0,5; điền cùng cột đơn vị."),
    (Column::PackUnit, "Đơn vị của lượng một gói, ví dụ g, kg, ml, chai."),
    (Column::Decision, "Quyết định công nhận sản phẩm, viết như trên văn bản."),
    (Column::FirstYearSeen, "Năm đầu tiên sản phẩm có hạng sao này, ví dụ 2021."),
    (Column::Source, "Thông tin lấy từ đâu: văn bản, trang mạng."),
    (Column::CertificateId, "Mã của giấy chứng nhận trong sổ; giữ nguyên khi sửa, để trống khi thêm giấy mới."),
    (Column::CertificateNo, "Số giấy chứng nhận như in trên giấy; sản phẩm có nhiều giấy thì mỗi giấy một dòng."),
    (Column::CertificateStars, "Hạng sao ghi trên giấy này, 3 đến 5; để trống nếu giống hạng sao của sản phẩm."),
    (Column::Score, "Điểm đánh giá trên 100, nhiều nhất một chữ số lẻ, ví dụ 76,5."),
    (Column::CertificateDecision, "Số quyết định cấp giấy chứng nhận."),
    (Column::Issuer, "Nơi cấp như in trên giấy, ví dụ UBND tỉnh Thái Nguyên."),
    (Column::IssuerLevel, "Cấp của nơi cấp: Cấp huyện (trước 01/07/2025), Cấp tỉnh, hoặc Cấp bộ (trung ương)."),
    (Column::From, "Ngày đầu còn hiệu lực; điền bằng ô ngày của Excel, hoặc viết năm-tháng-ngày, ví dụ 2026-05-31."),
    (Column::To, "Ngày cuối còn hiệu lực; để trống thì tính theo quy định của ngày đầu."),
    (Column::RevokedOn, "Chỉ để xem: giấy bị thu hồi từ ngày nào; không thu hồi qua tệp này."),
    (Column::RevokedReason, "Chỉ để xem: lý do thu hồi."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exported_column_is_explained_in_the_order_of_the_table() {
        let explained: Vec<Column> = GUIDE.iter().map(|(column, _)| *column).collect();
        let exported: Vec<Column> = Column::ALL.iter().copied().filter(|column| *column != Column::Image).collect();
        assert_eq!(explained, exported);
    }
}
