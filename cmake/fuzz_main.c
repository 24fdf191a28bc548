/* cmake/fuzz_main.c -- runs a fuzz target over saved inputs where libFuzzer is not linked.
** usage: fuzz_NAME FILE-OR-FOLDER...     Folders are read one level deep.  A crash is the failure.
*/
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_BYTES_MAX (64L << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        fprintf(stderr, "cannot open '%s'\n", path);
        return 1;
    }
    /* A block of exactly the input's size, so that a sanitizer sees a read past its end. */
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    int bad = size < 0 || size > INPUT_BYTES_MAX;
    uint8_t *data = bad ? NULL : malloc(size ? (size_t)size : 1);
    bad = !data || fread(data, 1, (size_t)size, f) != (size_t)size;
    fclose(f);
    if (bad) fprintf(stderr, "cannot read '%s'\n", path);
    else LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = 0, n = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (!dir) {
            bad |= run_file(argv[i]);
            n++;
            continue;
        }
        for (struct dirent *e; (e = readdir(dir));) {
            char path[4096];
            struct stat st;
            int len = snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            if (len < 0 || (size_t)len >= sizeof path) continue;
            if (stat(path, &st) || !S_ISREG(st.st_mode)) continue;
            bad |= run_file(path);
            n++;
        }
        closedir(dir);
    }
    printf("%d inputs, %s\n", n, bad ? "BAD" : "none broke it");
    return bad || n == 0;
}
