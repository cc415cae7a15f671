/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/payments/test_keys.h"

#include <stddef.h>

#include "common/compiler.h"
#include "common/str.h"

/* emulators/paygate/keys/FINGERPRINTS and the keys of tests/vectors; a test compares them. */
static const char *const FINGERPRINTS[] = {
    "39854a3a33e435f703fa21224a9bccb8c4b820a8830ff50c9489a69227f5daa7", /* paygate alipay-app */
    "1cdf8fbdca77dd5d5c5ce5043af80e9a5fddf082d7139977aa22293ae341c465", /* paygate alipay-ca */
    "f1df928eb4a854275a177254d363c9b0ee991d3cda586144abe2a5de8ab451f9", /* paygate alipay-platform
                                                                         */
    "cdae292f502ea6152978cb38db287ea9c7f0ef2bacc966279a27143a4f97e49e", /* paygate
                                                                           alipay-platform-next */
    "b96bb13367611e175ae6043a52a5c7b173d2fa611612fa4dba7ed6034c3e699b", /* paygate alipay-root-ec */
    "736271950622b7e6a2de2024f13c1dd53bc0df985461e6408101471dad9a57ee", /* paygate alipay-root-rsa
                                                                         */
    "e2294b4ac9f19165524b786c1825e03e28d90e28eb83d9aec306b3c13a1bc3ac", /* paygate alipay-root-sha1
                                                                         */
    "682c3f8a043c2bfa021f163d61523478bfd118e1af76a42c35e1d0ccf06646cd", /* paygate stranger */
    "7edb57267897b5ebe3835b15304143cc0e9ca4b9335001af80abc939c1ad35ac", /* paygate wechat-apiv3-key
                                                                         */
    "e6db8fae49ca576a4630be5d2b4b68d273c9fd0b8d17b3d5589cdc3594d79a08", /* paygate wechat-ca */
    "f661d1513ae0d2bc4744efea3482f8f1f922205bb256c2ffb17eb3ac62d1c129", /* paygate wechat-merchant
                                                                         */
    "1f66747c36c66c019d818413a30454c7a89a4138321d3f8d77b513efd1777bdc", /* paygate
                                                                           wechat-platform-new */
    "f39a05e0263ea476f6c3d2399b9e52e0df672ae041f021b7379ce89ac2b89fb4", /* paygate
                                                                           wechat-platform-old */
    "21cd9b121711f4514f0cfbfa4b8ca9d2371c23a6bcf3218af07d3d1dcff36c8c", /* paygate wechat-public-key
                                                                         */
    "e98d070604d6944723f0943c4d44e1c1e9c49f32af8bb858fe74e340a7fc7798", /* vectors APIv3 key */
    "74dcc26e2b964221a086a17d36960ebf6098816029018d42fba0ee89dc23aaa6", /* vectors alipay_app */
    "ad9ab77d6847f1d125336d06375a8aa7af0636b41060082879d99fde8deb0e4b", /* vectors alipay_platform
                                                                         */
    "821c8598c9bf2388cef83dcccbbd015937932a6d9809b3d4798278b6c78f72f8", /* vectors
                                                                           alipay_root_bundle */
    "0433bc30da856845b3eaa452a3ad539bef4137fd1924418e92945283f283a37b", /* vectors alipay_wrong */
    "6321160693b82b4dc928a8060fbce709ca1af5a67f3c0185d01fa735b1e2d226", /* vectors ca */
    "a63625738399313cd861ba7dbab60520a8c8d82c61531d7acf469c3615eb66d0", /* vectors r2 */
    "69ad5f5d37fcbf3f65dac008a41200055196ad8d949bceb815ce3c59560f7bf8", /* vectors r3 */
    "e1d11cae7b78824dfda6e6a133dfb1d101ddb98d540deb5e10a4d01d02f0c8c5", /* vectors wx_merchant */
    "d9cc10a40e3f53216a411fa0f335f52b22f3b732de156c28f10548c8624fcb37", /* vectors wx_plat_new */
    "0a061ea814578990a8212457998e4bbd2393249454ce79315cf302a44ad5cbbe", /* vectors wx_plat_old */
    "6b2a2d9e9910bc36203d5c4ec83d98761d27c37b43eb5afe95c34e4e51147e7d", /* vectors wx_pubkey */
    "e78cdf475857caef937bda51d995818404aa3846d0739e52d8b46aca3d7a2380", /* vectors wx_wrong */
    "2a71ae7f5811117c7f0e0c570fecc7f9a54e5c06951e51c598145fb6c885acf1", /* vectors zh_root */
};

bool test_keys_contain(const char *fingerprint)
{
    for (size_t i = 0; i < ARRAY_COUNT(FINGERPRINTS); i++) {
        if (str_equal(FINGERPRINTS[i], fingerprint)) {
            return true;
        }
    }
    return false;
}
