#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the simulator's key set. It was run once and its result is committed, because the product
# must be able to deny-list the fingerprints: a second run makes other keys and therefore needs a
# new deny list. Everything here is public. No key of this folder may ever meet a real gateway.
set -eu
cd "$(dirname "$0")"
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
from=20240101000000Z
until=20431231235959Z

rsa_key() {
    openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key.pem"
    openssl pkey -in "$1.key.pem" -pubout -out "$1.pub.pem"
}

# issue NAME SUBJECT SERIAL ISSUER EXTENSIONS DIGEST ("self" as issuer: self-signed)
issue() {
    printf '%s\n' '[ca]' 'default_ca=c' '[c]' "new_certs_dir=$work" "database=$work/index" \
        "serial=$work/serial" 'policy=p' 'unique_subject=no' 'string_mask=utf8only' '[p]' 'countryName=supplied' \
        'organizationName=supplied' 'localityName=optional' 'organizationalUnitName=optional' \
        'commonName=supplied' '[v3_ca]' 'basicConstraints=critical,CA:TRUE' \
        'keyUsage=critical,keyCertSign,cRLSign' '[v3_leaf]' 'basicConstraints=critical,CA:FALSE' \
        'keyUsage=critical,digitalSignature' >"$work/ca.cnf"
    : >"$work/index"
    echo "$3" >"$work/serial"
    openssl req -new -utf8 -key "$1.key.pem" -subj "$2" -out "$work/req.pem"
    if [ "$4" = self ]; then
        set -- "$1" "$2" "$3" "$4" "$5" "$6" -selfsign -keyfile "$1.key.pem"
    else
        set -- "$1" "$2" "$3" "$4" "$5" "$6" -cert "$4.crt.pem" -keyfile "$4.key.pem"
    fi
    name=$1 ext=$5 digest=$6
    shift 6
    openssl ca -batch -notext -utf8 -preserveDN -config "$work/ca.cnf" -extensions "$ext" -md "$digest" \
        -startdate "$from" -enddate "$until" -in "$work/req.pem" -out "$name.crt.pem" "$@" 2>/dev/null
}

T='SIMULATOR TEST'
for name in alipay-root-rsa alipay-root-sha1 alipay-ca alipay-platform alipay-platform-next alipay-app \
    wechat-ca wechat-merchant wechat-platform-old wechat-platform-new wechat-public-key stranger; do
    rsa_key "$name"
done
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out alipay-root-ec.key.pem
openssl pkey -in alipay-root-ec.key.pem -pubout -out alipay-root-ec.pub.pem

issue alipay-root-rsa "/C=CN/O=Shilling $T/OU=Certification Authority/CN=$T Root R1" 0B17 self v3_ca sha256
issue alipay-root-ec "/C=CN/O=Shilling $T/OU=Certification Authority/CN=$T Root EC" 0C05 self v3_ca sha256
issue alipay-root-sha1 "/C=CN/O=Shilling $T/OU=根证书/CN=$T Root R3" 00C8E1A4B2D39F0721 self v3_ca sha1
cat alipay-root-rsa.crt.pem alipay-root-ec.crt.pem alipay-root-sha1.crt.pem >alipay-root-bundle.crt.pem
issue alipay-ca "/C=CN/O=Shilling $T/OU=Certification Authority/CN=$T Class 2 CA" 1A2B3C alipay-root-rsa v3_ca sha256
issue alipay-platform "/C=CN/O=Shilling $T/OU=Alipay/CN=Alipay gateway ($T)" \
    2B3C4D5E6F7081920011 alipay-ca v3_leaf sha256
issue alipay-platform-next "/C=CN/O=Shilling $T/OU=Alipay/CN=Alipay gateway next ($T)" \
    2B3C4D5E6F7081920022 alipay-ca v3_leaf sha256
issue alipay-app "/C=CN/O=Shilling $T/OU=Alipay/CN=2021009000000017" 0A0B0C0D0E0F10111213 alipay-ca v3_leaf sha256
cat alipay-app.crt.pem alipay-ca.crt.pem >alipay-app-chain.crt.pem
cat alipay-platform.crt.pem alipay-ca.crt.pem >alipay-platform-chain.crt.pem
cat alipay-platform-next.crt.pem alipay-ca.crt.pem >alipay-platform-next-chain.crt.pem

issue wechat-ca "/C=CN/O=Shilling $T/OU=Tenpay/CN=$T Tenpay CA" 5D5D self v3_ca sha256
issue wechat-merchant "/C=CN/L=Shenzhen/O=Shilling $T/OU=WeChat/CN=1900009017" \
    5157F09EFDC096DE15EBE81A47057A7232F10017 wechat-ca v3_leaf sha256
issue wechat-platform-old "/C=CN/L=Shenzhen/O=Shilling $T/OU=WeChat/CN=Tenpay.com sign old ($T)" \
    0D1E55AD98ED71D6EDD4A4A16996DE7B47770001 wechat-ca v3_leaf sha256
issue wechat-platform-new "/C=CN/L=Shenzhen/O=Shilling $T/OU=WeChat/CN=Tenpay.com sign new ($T)" \
    7132D72A03E93CDDF8C03BBD1F37EEDFAABB0002 wechat-ca v3_leaf sha256
printf 'SIMULATOR-TEST-APIv3-key-32-byte' >wechat-apiv3-key.txt
printf 'PUB_KEY_ID_0119000090172026010100111122223333' >wechat-public-key-id.txt

{
    echo '# SHA-256 of the SubjectPublicKeyInfo (DER) of every simulator key, lower-case hex. The product refuses'
    echo '# these outside demo and test. The last line is the SHA-256 of the APIv3 key text.'
    for pub in *.pub.pem; do
        echo "$(openssl pkey -pubin -in "$pub" -outform DER | sha256sum | cut -d' ' -f1)  ${pub%.pub.pem}"
    done
    echo "$(sha256sum <wechat-apiv3-key.txt | cut -d' ' -f1)  wechat-apiv3-key"
} >FINGERPRINTS
