# untried: never built with Nix; checked with `nix-instantiate --parse`, names and versions by tests/packaging/test_recipes.py
# nix-build --expr 'with import <nixpkgs> { }; callPackage ./packaging/recipes/mosh-py.nix { }'
{
  lib,
  openssh,
  python3Packages,
}:

python3Packages.buildPythonApplication {
  pname = "mosh-py";
  version = "0.1.0";
  pyproject = true;
  src = lib.cleanSource ../..;

  build-system = [ python3Packages.setuptools ];
  # The floors are those of pyproject.toml, which the build holds these against.
  dependencies = [
    python3Packages.cryptography
    python3Packages.msgpack
    python3Packages.pexpect
    python3Packages.pyte
  ];

  # The wheel's scripts look for the Python of a virtual environment or beside them; here it is known.
  postInstall = ''
    for program in mosh:mosh_bootstrap mosh-client:mosh_client mosh-server:mosh_server; do
      printf '#!%s -E\nimport sys\nfrom %s.cli import main\nsys.exit(main())\n' \
        ${python3Packages.python.interpreter} "''${program#*:}" >"$out/bin/''${program%%:*}"
    done
  '';

  # Behind the user's own ssh, if there is one.
  makeWrapperArgs = [ "--suffix PATH : ${lib.makeBinPath [ openssh ]}" ];

  pythonImportsCheck = [
    "mosh_bootstrap"
    "mosh_client"
    "mosh_server"
  ];

  meta = {
    description = "Mobile shell that survives sleep, loss and change of address, in Python";
    license = lib.licenses.gpl3Plus;
    mainProgram = "mosh";
    platforms = lib.platforms.unix;
  };
}
