/* The start of the AppImage: mounts or unpacks the file system behind it, and runs its AppRun.
 *
 *   FILE [ARG ...]                          mounts by FUSE; unpacks if that fails
 *   FILE --appimage-extract-and-run [ARG ...]   unpacks (also by APPIMAGE_EXTRACT_AND_RUN=1)
 *   FILE --appimage-extract                 unpacks into ./squashfs-root
 *
 * It waits for AppRun, removes what it mounted or unpacked, and ends as AppRun did. Unlike the
 * runtime of AppImage/type2-runtime it knows no updates, signatures or portable folders.
 */
#define _GNU_SOURCE
#include <squashfuse/ll.h>
#include <squashfuse/squashfuse.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* libsquashfuse refers to all compressors. Only zstd is used, and lzo is under the GPL. */
int LZ4_decompress_safe(void) { return -1; }
int lzma_stream_buffer_decode(void) { return -1; }
int lzo1x_decompress_safe(void) { return -1; }
int uncompress(void) { return -1; }

static pid_t program;

static void fail(const char *what) {
    fprintf(stderr, "AppImage: %s: %s\n", what, strerror(errno));
    exit(127);
}

static void pass_on(int number) {
    if (program > 0) kill(program, number);
}

/* Return where the ELF file ends: its section headers are its last part. */
static size_t end_of_runtime(const char *image) {
    Elf64_Ehdr header;
    int file = open(image, O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, &header, sizeof header) != sizeof header) fail(image);
    close(file);
    return header.e_shoff + (size_t)header.e_shentsize * header.e_shnum;
}

static int unpack_file(sqfs *fs, sqfs_inode *inode, const char *path) {
    static char buffer[1 << 20];
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, inode->base.mode & 0777);
    if (file < 0) return -1;
    for (sqfs_off_t at = 0; at < (sqfs_off_t)inode->xtra.reg.file_size;) {
        sqfs_off_t size = sizeof buffer;
        if (sqfs_read_range(fs, inode, at, &size, buffer) || write(file, buffer, size) != size) {
            close(file);
            return -1;
        }
        at += size;
    }
    return close(file);
}

/* Unpack all into a folder that exists; return 0, or -1 with errno. */
static int unpack(const char *image, size_t offset, const char *folder) {
    sqfs fs;
    sqfs_traverse walk;
    sqfs_err error = sqfs_open_image(&fs, image, offset);
    if (error || sqfs_traverse_open(&walk, &fs, sqfs_inode_root(&fs))) return errno = EIO, -1;
    while (sqfs_traverse_next(&walk, &error)) {
        sqfs_inode inode;
        char path[PATH_MAX], target[PATH_MAX];
        size_t size = sizeof target;
        int done = 0;
        if (walk.dir_end) continue;
        if (sqfs_inode_get(&fs, &inode, sqfs_dentry_inode(&walk.entry))) return errno = EIO, -1;
        snprintf(path, sizeof path, "%s/%s", folder, walk.path);
        if (S_ISDIR(inode.base.mode)) done = mkdir(path, 0755);
        else if (S_ISREG(inode.base.mode)) done = unpack_file(&fs, &inode, path);
        else if (S_ISLNK(inode.base.mode) && !sqfs_readlink(&fs, &inode, target, &size))
            done = symlink(target, path);
        if (done) return -1;
    }
    sqfs_traverse_close(&walk);
    return error ? (errno = EIO, -1) : 0;
}

/* Serve the mounted file system; writes a byte to `ready` once it can be read. */
static void serve(const char *image, size_t offset, const char *folder, int ready) {
    struct fuse_lowlevel_ops operations = {
        .getattr = sqfs_ll_op_getattr, .opendir = sqfs_ll_op_opendir,
        .releasedir = sqfs_ll_op_releasedir, .readdir = sqfs_ll_op_readdir,
        .lookup = sqfs_ll_op_lookup, .open = sqfs_ll_op_open, .create = sqfs_ll_op_create,
        .release = sqfs_ll_op_release, .read = sqfs_ll_op_read,
        .readlink = sqfs_ll_op_readlink, .forget = sqfs_ll_op_forget,
    };
    char *words[] = {"repartee", "-oro,nodev,nosuid,fsname=repartee"};
    struct fuse_args args = FUSE_ARGS_INIT(2, words);
    sqfs_ll_chan channel;
    sqfs_ll *files = sqfs_ll_open(image, offset);
    setsid();                            /* Ctrl+C in the terminal is for the program */
    prctl(PR_SET_PDEATHSIG, SIGTERM);    /* and a killed runtime leaves no mount */
    if (!files || sqfs_ll_mount(&channel, folder, &args, &operations, sizeof operations, files))
        _exit(1);
    if (fuse_set_signal_handlers(channel.session) == 0 && write(ready, "", 1) == 1)
        fuse_session_loop(channel.session);
    sqfs_ll_unmount(&channel, folder);
    _exit(0);
}

/* Mount the file system; return the process that serves it, or 0 if FUSE cannot be used. */
static pid_t mount_image(const char *image, size_t offset, const char *folder) {
    int ends[2];
    char byte;
    if (pipe2(ends, O_CLOEXEC)) return 0;
    pid_t server = fork();
    if (server == 0) {
        int quiet = open("/dev/null", O_WRONLY);
        dup2(quiet, STDERR_FILENO); /* the fallback needs no message */
        serve(image, offset, folder, ends[1]);
    }
    close(ends[1]);
    int is_ready = server > 0 && read(ends[0], &byte, 1) == 1;
    close(ends[0]);
    if (!is_ready && server > 0) waitpid(server, NULL, 0);
    return is_ready ? server : 0;
}

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *place) {
    (void)s, (void)type, (void)place;
    return remove(path);
}

int main(int count, char **words) {
    char image[PATH_MAX] = "", folder[PATH_MAX], run[PATH_MAX + 8];
    const char *base = getenv("TMPDIR"), *option = count > 1 ? words[1] : "";
    if (readlink("/proc/self/exe", image, sizeof image - 1) < 0) fail("/proc/self/exe");
    size_t offset = end_of_runtime(image);
    if (!strcmp(option, "--appimage-extract")) {
        if (mkdir("squashfs-root", 0755) || unpack(image, offset, "squashfs-root"))
            fail("squashfs-root");
        return 0;
    }
    int unpacks = !strcmp(option, "--appimage-extract-and-run");
    if (unpacks) words++;
    unpacks = unpacks || getenv("APPIMAGE_EXTRACT_AND_RUN");
    snprintf(folder, sizeof folder, "%s/.mount_reparteeXXXXXX", base && *base == '/' ? base : "/tmp");
    if (!mkdtemp(folder)) fail(folder);
    pid_t server = unpacks ? 0 : mount_image(image, offset, folder);
    if (!server && unpack(image, offset, folder)) fail(folder);

    signal(SIGINT, SIG_IGN); /* the terminal sends it to the program, too */
    signal(SIGTERM, pass_on);
    signal(SIGHUP, pass_on);
    program = fork();
    if (program == 0) {
        signal(SIGINT, SIG_DFL); /* exec resets the others */
        setenv("APPIMAGE", image, 1);
        setenv("APPDIR", folder, 1);
        snprintf(run, sizeof run, "%s/AppRun", folder);
        execv(run, words);
        fail(run);
    }
    int status = 0;
    while (waitpid(program, &status, 0) < 0 && errno == EINTR);
    if (server) {
        kill(server, SIGTERM);
        waitpid(server, NULL, 0);
        rmdir(folder);
    } else {
        nftw(folder, remove_entry, 32, FTW_DEPTH | FTW_PHYS);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
