import ladok.lpw.service.adresslista.facadeclient.AdrListVO;
import ladok.lpw.service.adresslista.facadeclient.KursTfVO;

/** What a portal without generated classes sends as its list: a plain bean, whose array Axis writes as soapenc:Array. */
public final class OldList {
    private final AdrListVO list;

    OldList(AdrListVO list) {
        this.list = list;
    }

    public String getInstitution() {
        return list.getInstitution();
    }

    public String getTermin() {
        return list.getTermin();
    }

    public String getKurskod() {
        return list.getKurskod();
    }

    public boolean isEmail() {
        return Boolean.TRUE.equals(list.getEmail());
    }

    public KursTfVO[] getKursTfVO() {
        return list.getKursTfVO();
    }
}
