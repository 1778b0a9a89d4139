SELECT n.PNR AS pnr, n.SEKEL AS sekel, n.ENAMN AS enamn, n.TNAMN AS tnamn,
  f.COADR AS fcoadr, f.GATADR AS fgatadr, f.POSTNR AS fpostnr, f.ORT AS fort, f.LAND AS fland,
  m.COADR AS tcoadr, m.GATADR AS tgatadr, m.POSTNR AS tpostnr, m.ORT AS tort, m.LAND AS tland,
  m.FROMDAT AS fromdat, m.TOMDAT AS tomdat,
  email.KOMADR AS emailadr, sms.KOMADR AS sms, tel.KOMADR AS telnr
FROM KTILL2 t
JOIN FFGKURS r ON r.KTILL = t.ID
JOIN NAMN n ON n.ID = r.PERSON
LEFT JOIN ADRESS f ON f.PERSON = n.ID AND f.ADRTYP = '4'
LEFT JOIN ADRESS m ON m.PERSON = n.ID AND m.ADRTYP = '2'
LEFT JOIN TELEKOM email ON email.PERSON = n.ID AND email.KOMTYP = 'EMAIL'
LEFT JOIN TELEKOM sms ON sms.PERSON = n.ID AND sms.KOMTYP = 'SMS'
LEFT JOIN TELEKOM tel ON tel.PERSON = n.ID AND tel.KOMTYP = 'TEL'
WHERE t.KURSKEY = ? AND t.STARTTER = ? AND t.KOD = ?
ORDER BY r.PERSON
