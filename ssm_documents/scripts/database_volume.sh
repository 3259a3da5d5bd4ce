#!/bin/bash
set -euo pipefail

# The data volume: found, formatted once, mounted at /var/lib/database-volume, its folder `mysql` bound to /var/lib/mysql
# (where the packages, their access rules and everybody expect the data). Mounted at boot by database-volume.service, which
# the server requires: without its volume it must not start on an empty folder.

write_volume_units() {
  put_file 755 root:root /usr/local/sbin/mount-database-volume <<END
#!/bin/bash
set -euo pipefail
# On Nitro the kernel names devices as it likes, but each carries its volume's id; elsewhere the attachment's name holds.
by_id=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volume_id//-/}
for _ in \$(seq 120); do
  for device in "\$by_id" "$volume_device" "${volume_device/\/dev\/sd//dev/xvd}"; do
    if [ -b "\$device" ]; then break 2; fi
  done
  sleep 0.5
done
[ -b "\$device" ] || { echo "the volume $volume_id is not attached (neither \$by_id nor $volume_device)" >&2; exit 1; }
if ! blkid -p "\$device" >/dev/null; then
  # Only a device on which nothing at all is found is formatted; blkid says 2 for that, other codes for doubt.
  code=0; blkid -p "\$device" >/dev/null || code=\$?
  [ "\$code" -eq 2 ] || { echo "\$device holds something that blkid cannot read (code \$code): not formatting it" >&2; exit 1; }
  mkfs.ext4 -q -E nodiscard,lazy_itable_init=1,lazy_journal_init=1 -L database "\$device"
fi
mkdir -p /var/lib/database-volume /var/lib/mysql
mountpoint -q /var/lib/database-volume || mount -o noatime "\$device" /var/lib/database-volume
mkdir -p /var/lib/database-volume/mysql
mountpoint -q /var/lib/mysql || mount --bind /var/lib/database-volume/mysql /var/lib/mysql
END
  put_file 644 root:root /etc/systemd/system/database-volume.service <<'END'
[Unit]
Description=Data volume of the database
Before=mysql.service mariadb.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/mount-database-volume
TimeoutStartSec=180

[Install]
WantedBy=multi-user.target
END
  local server
  for server in mysql mariadb; do
    mkdir -p "/etc/systemd/system/$server.service.d"
    put_file 644 root:root "/etc/systemd/system/$server.service.d/10-volume.conf" <<'END'
[Unit]
Requires=database-volume.service
After=database-volume.service network-online.target
Wants=network-online.target

[Service]
Restart=on-failure
RestartSec=2
END
  done
  systemctl daemon-reload
}

mount_volume() {
  write_volume_units
  systemctl enable -q --now database-volume.service || {
    journalctl -u database-volume.service -n 10 --no-pager -o cat >&2
    fail "the data volume $volume_id could not be mounted (the reason is above)"
  }
  grow_file_system
}

# grow_file_system: lets it follow a volume that was enlarged; while it is in use, and nothing where it is as large already.
grow_file_system() {
  local device
  device=$(findmnt -n -o SOURCE --mountpoint /var/lib/database-volume)
  resize2fs "$device" >"$work_folder/resize.log" 2>&1 ||
    printf 'WARNING: the file system on %s could not be enlarged to its volume: %s\n' \
      "$device" "$(tail -n 1 "$work_folder/resize.log")" >&2
}
