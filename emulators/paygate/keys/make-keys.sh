#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the simulator's key set in the current folder. It was run once and its result is committed,
# because the product must be able to deny-list the fingerprints: a second run makes other keys and
# therefore needs a new deny list. Everything here is public. No key of this folder may ever meet a
# real gateway.
set -eu
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
from=20240101000000Z
until=20431231235959Z
T='SIMULATOR TEST'
ou="OU=Certification Authority"

rsa_key() {
    openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key.pem"
    openssl pkey -in "$1.key.pem" -pubout -out "$1.pub.pem"
}

cat >"$work/ca.cnf" <<CONFIG
[ca]
default_ca = one
[one]
new_certs_dir = $work
database = $work/index
serial = $work/serial
policy = loose
unique_subject = no
string_mask = utf8only
[loose]
countryName = supplied
organizationName = supplied
localityName = optional
organizationalUnitName = optional
commonName = supplied
[v3_ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[v3_leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
CONFIG

# issue NAME SUBJECT SERIAL ISSUER EXTENSIONS [DIGEST]; "self" as issuer: self-signed.
issue() {
    : >"$work/index"
    echo "$3" >"$work/serial"
    openssl req -new -utf8 -key "$1.key.pem" -subj "/C=CN$2" -out "$work/req.pem"
    if [ "$4" = self ]; then
        signer="-selfsign -keyfile $1.key.pem"
    else
        signer="-cert $4.crt.pem -keyfile $4.key.pem"
    fi
    # shellcheck disable=SC2086
    openssl ca -batch -notext -utf8 -preserveDN -config "$work/ca.cnf" -extensions "$5" \
        -md "${6:-sha256}" -startdate "$from" -enddate "$until" -in "$work/req.pem" \
        -out "$1.crt.pem" $signer 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
}

for name in alipay-root-rsa alipay-root-sha1 alipay-ca alipay-platform alipay-platform-next \
    alipay-app wechat-ca wechat-merchant wechat-platform-old wechat-platform-new \
    wechat-public-key stranger; do
    rsa_key "$name"
done
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out alipay-root-ec.key.pem
openssl pkey -in alipay-root-ec.key.pem -pubout -out alipay-root-ec.pub.pem

# The serial with a leading zero byte, the Chinese name and the EC root are there on purpose: each
# has broken a merchant's computation of an SN.
alipay="/O=Shilling $T/OU=Alipay"
issue alipay-root-rsa "/O=Shilling $T/$ou/CN=$T Root R1" 0B17 self v3_ca
issue alipay-root-ec "/O=Shilling $T/$ou/CN=$T Root EC" 0C05 self v3_ca
issue alipay-root-sha1 "/O=Shilling $T/OU=根证书/CN=$T Root R3" 00C8E1A4B2D39F0721 self v3_ca sha1
cat alipay-root-rsa.crt.pem alipay-root-ec.crt.pem alipay-root-sha1.crt.pem \
    >alipay-root-bundle.crt.pem
issue alipay-ca "/O=Shilling $T/$ou/CN=$T Class 2 CA" 1A2B3C alipay-root-rsa v3_ca
issue alipay-platform "$alipay/CN=Alipay gateway ($T)" 2B3C4D5E6F7081920011 alipay-ca v3_leaf
issue alipay-platform-next "$alipay/CN=Alipay gateway next ($T)" \
    2B3C4D5E6F7081920022 alipay-ca v3_leaf
issue alipay-app "$alipay/CN=2021009000000017" 0A0B0C0D0E0F10111213 alipay-ca v3_leaf
for name in alipay-platform alipay-platform-next; do
    cat "$name.crt.pem" alipay-ca.crt.pem >"$name-chain.crt.pem"
done

tenpay="/L=Shenzhen/O=Shilling $T/OU=WeChat"
issue wechat-ca "/O=Shilling $T/OU=Tenpay/CN=$T Tenpay CA" 5D5D self v3_ca
issue wechat-merchant "$tenpay/CN=1900009017" \
    5157F09EFDC096DE15EBE81A47057A7232F10017 wechat-ca v3_leaf
issue wechat-platform-old "$tenpay/CN=Tenpay.com sign old ($T)" \
    0D1E55AD98ED71D6EDD4A4A16996DE7B47770001 wechat-ca v3_leaf
issue wechat-platform-new "$tenpay/CN=Tenpay.com sign new ($T)" \
    7132D72A03E93CDDF8C03BBD1F37EEDFAABB0002 wechat-ca v3_leaf
printf 'SIMULATOR-TEST-APIv3-key-32-byte' >wechat-apiv3-key.txt
printf 'PUB_KEY_ID_0119000090172026010100111122223333' >wechat-public-key-id.txt

{
    echo '# SHA-256 of the SubjectPublicKeyInfo (DER) of every simulator key, lower-case hex. The'
    echo '# product refuses these outside demo and test. wechat-apiv3-key: SHA-256 of its text.'
    for pub in *.pub.pem; do
        hash=$(openssl pkey -pubin -in "$pub" -outform DER | sha256sum | cut -d' ' -f1)
        echo "$hash  ${pub%.pub.pem}"
    done
    echo "$(sha256sum <wechat-apiv3-key.txt | cut -d' ' -f1)  wechat-apiv3-key"
} >FINGERPRINTS
