/// Programs that an injected command line starts.
enum ShellWord: UInt8, Sendable {
    /// No other meaning: found behind a separator it needs nothing more.
    case program
    /// A word of English too: only with an argument that prose does not have.
    case ambiguous
    /// Runs what follows it: `sudo`, `time`, `env`.
    case prefix

    static let table = WordTable<ShellWord>([
        (.prefix, "sudo time exec command builtin nohup nice env eval then do else doas setsid unbuffer"),
        (
            .program,
            "whoami uname ifconfig ipconfig nslookup netstat traceroute tracert systeminfo netsh tasklist taskkill printenv getent lsof useradd userdel usermod adduser groupadd crontab ncat netcat socat telnet telnetd dropbear wget powershell pwsh certutil bitsadmin cscript wscript mshta regsvr32 rundll32 busybox chmod chown chattr mkfifo xxd gcc lwp-download lwp-request msfvenom schtasks wmic vssadmin icacls attrib ntdsutil findstr xcopy robocopy diskpart fsutil bcdedit bcdboot regedit qwinsta quser nltest dsquery gpresult nbtstat getmac driverquery forfiles ssh-keygen scp rsync sftp tftp tcpdump iptables systemctl journalctl mysqldump pg_dump sqlite3 psql gunzip gzip bzip2 unxz zcat bzcat xzcat zstdcat tshark nmap masscan hydra insmod modprobe mkdir rmdir dmesg lscpu lsblk lsmod hostnamectl iwconfig arp route apt-get aptitude dpkg yum dnf pip pip3 npm npx ksh zsh tcsh csh dash bash rbash irb gawk mawk tclsh expect jrunscript javac mknod ldd readelf objdump strace ltrace gdb md5sum sha1sum sha256sum base32 basenc base64 hexdump uuencode uudecode rev printf ps pwd ls rm cp mv dir sed awk grep egrep fgrep zgrep curl ftp nc sh ping ping6 cmd cmd.exe powershell.exe ver cacls msiexec msbuild installutil csvde"
        ),
        (
            .ambiguous,
            "cat tac nl head tail more less type find sort cut paste split watch kill pkill touch echo tee dd tar zip unzip xargs od strings vi vim nano ed file stat id w who date uptime env set dig host mail sendmail source expr column fold comm uniq wc tr ln sleep timeout batch screen make man which whereis locate free top df du mount umount reboot shutdown halt poweroff init service passwd su net reg sc query del erase ren rename export alias unset declare ip ss hostname cd java mysql git svn docker kubectl trap ulimit umask history perl perl5 python python2 python3 ruby php php5 php7 php8 node nodejs lua"
        ),
    ])
}
