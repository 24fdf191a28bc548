/* What is proved: the tree is RFC 6962's (roots of the eight leaves that certificate transparency's own tests have; against a plain
** recursion from the RFC's words for every size up to 300), inclusion and consistency proofs of every pair hold and nothing else does;
** Ed25519 signs as RFC 8032's vectors say.  How: a source of nodes that adds up leaves in memory. */
#include "ledger/sign.h"
#include "ledger/tree.h"
#include "test/test.h"

#include <openssl/evp.h>
#include <string.h>

#define LEAVES 300

static Digest leaf[LEAVES];

static void sha(const void *a, size_t n, Digest *out)
{
    assert_int_equal(EVP_Digest(a, n, out->at, NULL, EVP_sha256(), NULL), 1);
}

/* MTH(D[from:from+n]), word by word from RFC 6962, 2.1. */
static Digest plain_root(size_t from, size_t n)
{
    unsigned char both[65] = { 1 };
    Digest out;
    if (!n) {
        sha("", 0, &out);
        return out;
    }
    if (n == 1) return leaf[from];
    size_t k = 1;
    while (k * 2 < n) k *= 2;
    Digest l = plain_root(from, k), r = plain_root(from + k, n - k);
    memcpy(both + 1, l.at, 32);
    memcpy(both + 33, r.at, 32);
    sha(both, sizeof both, &out);
    return out;
}

static Err node(Ctx *cx, void *self, unsigned bits, uint64_t index, Digest *out)
{
    (void)cx;
    tree_perfect(self, &leaf[index << bits], (size_t)1 << bits, out);
    return OK;
}

static void fill(void)
{
    for (int i = 0; i < LEAVES; i++) {
        unsigned char bytes[3] = { 0, (unsigned char)i, (unsigned char)(i >> 8) };
        sha(bytes, sizeof bytes, &leaf[i]);
    }
}

static void roots_are_those_of_certificate_transparency(void **state)
{
    (void)state;
    static const struct { const char *bytes; size_t n; const char *root; } row[] = {
        { "", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
        { "\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
        { "\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77" },
        { "\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" },
        { "\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
        { "\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" },
        { "\x50\x51\x52\x53\x54\x55\x56\x57", 8, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" },
        { "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
          "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
    };
    Ctx cx = test_ctx();
    Hasher *h;
    Tree t = { 0 };
    Digest done[8], root, want;
    expect_ok(&cx, hash_start(&cx, &h));
    tree_root(h, &t, &root);
    assert_true(digest_read("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", &want) && digest_same(&root, &want));
    for (size_t i = 0; i < 8; i++) {
        Digest d;
        hash_again(h, "\0", 1, row[i].bytes, row[i].n, &d);
        (void)tree_add(h, &t, &d, done);
        tree_root(h, &t, &root);
        assert_true(digest_read(row[i].root, &want));
        assert_true(digest_same(&root, &want));
    }
    hash_end(&cx, h, NULL);
}

static void every_proof_holds_and_nothing_else_does(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Hasher *h;
    Tree t = { 0 };
    Digest done[8], root[LEAVES + 1], got;
    TreePath path;
    unsigned tiles = 0;
    fill();
    expect_ok(&cx, hash_start(&cx, &h));
    TreeSource source = { node, h, h };
    for (size_t n = 1; n <= LEAVES; n++) {
        tiles += tree_add(h, &t, &leaf[n - 1], done);
        tree_root(h, &t, &root[n]);
        Digest want = plain_root(0, n);
        assert_true(digest_same(&root[n], &want));
        expect_ok(&cx, tree_range(&cx, &source, 0, n, &got));
        assert_true(digest_same(&got, &want));
    }
    assert_int_equal(tiles, 1);                                /* one hash for level 1, of the first 256 */
    Digest first = plain_root(0, 256);
    assert_true(digest_same(&done[0], &first));
    for (size_t n = 1; n <= LEAVES; n += n < 70 ? 1 : 23) {
        for (size_t m = 1; m <= n; m += m < 70 ? 1 : 7) {
            expect_ok(&cx, tree_path(&cx, &source, m - 1, n, &path));
            assert_true(tree_includes(h, m - 1, n, &leaf[m - 1], &path, &root[n]));
            assert_false(tree_includes(h, m - 1, n, &leaf[m % LEAVES], &path, &root[n]));
            if (m < n) assert_false(tree_includes(h, m, n, &leaf[m - 1], &path, &root[n]));
            if (path.n) {
                path.at[path.n / 2].at[5] ^= 1;
                assert_false(tree_includes(h, m - 1, n, &leaf[m - 1], &path, &root[n]));
                path.at[path.n / 2].at[5] ^= 1;
                path.n--;
                assert_false(tree_includes(h, m - 1, n, &leaf[m - 1], &path, &root[n]));
            }
            expect_ok(&cx, tree_consistency(&cx, &source, m, n, &path));
            assert_true(tree_extends(h, m, &root[m], n, &root[n], &path));
            assert_false(tree_extends(h, m, &root[m - 1 ? m - 1 : 2], n, &root[n], &path));
            if (path.n) {
                path.at[0].at[31] ^= 0x80;
                assert_false(tree_extends(h, m, &root[m], n, &root[n], &path));
            }
        }
    }
    assert_false(tree_includes(h, 5, 5, &leaf[0], &path, &root[5]));
    assert_false(tree_extends(h, 6, &root[6], 5, &root[5], &path));
    hash_end(&cx, h, NULL);
}

static void signatures_are_those_of_rfc_8032(void **state)
{
    (void)state;
    static const struct { const char *seed, *key, *message; size_t n; const char *signature; } row[] = {
        { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
          "", 0, "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
        { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
          "\x72", 1, "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
        { "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
          "\xaf\x82", 2, "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        Ctx cx = test_ctx();
        unsigned char seed[32], key[32], want_key[32], want[64], got[64];
        Signer *s;
        bool good = false;
        assert_true(hex_read(row[i].seed, seed, 32) && hex_read(row[i].key, want_key, 32) && hex_read(row[i].signature, want, 64));
        expect_ok(&cx, sign_fresh(&cx, seed, &s));
        sign_public(s, key);
        assert_memory_equal(key, want_key, 32);
        expect_ok(&cx, sign_bytes(&cx, s, row[i].message, row[i].n, got));
        assert_memory_equal(got, want, 64);
        expect_ok(&cx, sign_check(&cx, key, row[i].message, row[i].n, got, &good));
        assert_true(good);
        got[7] ^= 4;
        expect_ok(&cx, sign_check(&cx, key, row[i].message, row[i].n, got, &good));
        assert_false(good);
        sign_close(&cx, s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_certificate_transparency),
        cmocka_unit_test(every_proof_holds_and_nothing_else_does),
        cmocka_unit_test(signatures_are_those_of_rfc_8032),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
