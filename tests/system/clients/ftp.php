<?php
/*
 * What PHP's ftp_ssl_connect() can do, in one login.
 *
 *   ftp.php PORT PASSWORD FOLDER [COUNT]
 *
 * FOLDER has a file "local"; each failure ends it with the reason.  COUNT: so
 * many transfers besides.
 */
error_reporting(E_ALL);
set_error_handler(function ($level, $text) {
	throw new ErrorException($text);
});

function must($what, $value) {
	if (!$value)
		throw new Exception($what);
	return $value;
}

function same($what, $left, $right) {
	if ($left !== $right)
		throw new Exception("$what: " . json_encode($left) . ", not " .
		    json_encode($right));
}

[, $port, $password, $folder] = $argv;
$local = "$folder/local";
$contents = file_get_contents($local);
$size = strlen($contents);
$half = intdiv($size, 2);

$ftp = must("connect", ftp_ssl_connect("127.0.0.1", (int)$port, 20));
must("login", ftp_login($ftp, "alice", $password));
must("passive", ftp_pasv($ftp, true));
same("system", ftp_systype($ftp), "UNIX");
same("directory", ftp_pwd($ftp), "/");

must("up", ftp_put($ftp, "up.bin", $local, FTP_BINARY));
same("size", ftp_size($ftp, "up.bin"), $size);
must("time", abs(ftp_mdtm($ftp, "up.bin") - time()) < 60);
must("down", ftp_get($ftp, "$folder/down", "up.bin", FTP_BINARY));
same("contents", sha1_file("$folder/down"), sha1($contents));

file_put_contents("$folder/down", substr($contents, 0, $half));
must("down, resumed", ftp_get($ftp, "$folder/down", "up.bin", FTP_BINARY,
    FTP_AUTORESUME));
same("contents, resumed", sha1_file("$folder/down"), sha1($contents));

file_put_contents("$folder/half", substr($contents, 0, $half));
must("half up", ftp_put($ftp, "half.bin", "$folder/half", FTP_BINARY));
must("up, resumed", ftp_put($ftp, "half.bin", $local, FTP_BINARY,
    FTP_AUTORESUME));
same("size, resumed", ftp_size($ftp, "half.bin"), $size);
must("append", ftp_append($ftp, "half.bin", "$folder/half", FTP_BINARY));
same("size, appended", ftp_size($ftp, "half.bin"), $size + $half);

$state = ftp_nb_get($ftp, "$folder/nb", "up.bin", FTP_BINARY);
while ($state === FTP_MOREDATA)
	$state = ftp_nb_continue($ftp);
same("down in steps", $state, FTP_FINISHED);
same("contents, in steps", sha1_file("$folder/nb"), sha1($contents));

$stream = fopen("php://temp", "w+");
fwrite($stream, "one\ntwo\n");
rewind($stream);
must("text up", ftp_fput($ftp, "text.txt", $stream, FTP_ASCII));
must("text down", ftp_get($ftp, "$folder/text", "text.txt", FTP_ASCII));
same("text", file_get_contents("$folder/text"), "one\ntwo\n");

same("mkdir", ftp_mkdir($ftp, "d\u{e4} q"), "/d\u{e4} q");
must("rename", ftp_rename($ftp, "up.bin", "d\u{e4} q/new.bin"));
must("chdir", ftp_chdir($ftp, "d\u{e4} q"));
same("names", ftp_nlist($ftp, "."), ["new.bin"]);
same("lines", count(ftp_rawlist($ftp, ".")), 1);
$facts = array_values(array_filter(ftp_mlsd($ftp, "."),
    fn($row) => $row["type"] === "file"));
same("facts", [$facts[0]["name"], $facts[0]["size"]],
    ["new.bin", (string)$size]);
must("delete", ftp_delete($ftp, "new.bin"));
must("up again", ftp_cdup($ftp));
must("rmdir", ftp_rmdir($ftp, "d\u{e4} q"));
$names = ftp_nlist($ftp, "");
sort($names);
same("names left", $names, ["half.bin", "text.txt"]);
for ($round = 0; $round < (int)($argv[4] ?? 0); $round += 2) {
	must("again up", ftp_put($ftp, "again", "$folder/text", FTP_BINARY));
	must("again down", ftp_get($ftp, "$folder/again", "again",
	    FTP_BINARY));
}
must("raw", ftp_raw($ftp, "NOOP")[0][0] === "2");
must("quit", ftp_close($ftp));
echo "done\n";
