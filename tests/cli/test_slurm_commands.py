"""Commands on SLURM: what they write is read by bash and by Snakemake; `sbatch` is a stand-in.

Real SLURM takes such a script in tests/slurm.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scope.cli import (
    combine_preds_slurm,
    create_inference_script,
    generate_features_job_submission,
    generate_features_slurm,
    leave,
    run_inference_job_submission,
    run_inference_slurm,
    train_algorithm_job_submission,
    train_algorithm_slurm,
)
from tests.runs.folders import fake_slurm, write
from tests.surveys.bulk_files import write_bulk


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an archive of two quadrants of field 300."""
    monkeypatch.chdir(tmp_path)
    write_bulk(tmp_path / "archive", [60, 70], ccd=2, quad=3)
    write_bulk(tmp_path / "archive", [60], ccd=2, quad=1)
    (tmp_path / "config.yaml").write_text("archive: archive\n")
    return tmp_path


def command_of(script: str) -> list[str]:
    """Return the words of the command that runs Snakemake."""
    for line in Path(script).read_text().splitlines():
        words = shlex.split(line)
        if words[1:4] == ["-m", "scope.cli.main", "resume"]:
            return words[4:]
    raise AssertionError(Path(script).read_text())


def plans(script: str) -> str:
    """Let Snakemake plan what a batch script runs, on this machine."""
    words = command_of(script)
    jobs = words.index("--jobs")
    words = words[:jobs] + words[jobs + 2 :]
    profile = words.index("--profile")
    # Without SLURM on this machine its plugin plans nothing.
    words = words[:profile] + words[profile + 2 :]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_features_of_fields_are_planned_quadrant_by_quadrant(here: Path) -> None:
    arguments = ["--field_list", "300", "--doGPU", "--gpus", "2", "--partition-type", "gpu-shared"]
    arguments += ["--max-freq", "2", "--memory_GB", "180", "--time", "48:00:00"]
    arguments += ["--submit-memory-GB", "16", "--account-name", "abc123", "--max-instances", "20"]
    assert generate_features_slurm.main(arguments) == 0
    words = command_of("generated_features/slurm/slurm.sub")
    assert words[words.index("--set-resources") + 1 :][:2] == [
        *("compute_features:gpu=2", "compute_features:slurm_partition='gpu-shared'")
    ]
    assert words[words.index("--resources") + 1 :][:3] == [
        *("mem_mb=180000", "runtime=2880", "kowalski=20")
    ]
    assert "${SCOPE_MAX_JOBS:-20}" in words
    (settings_file,) = Path("generated_features/slurm").glob("config-*.json")
    settings = json.loads(settings_file.read_text())
    generation = settings["feature_generation"]
    assert (generation["backend"], generation["period_search"]["max_freq"]) == ("cuda", 2.0)
    text = Path("generated_features/slurm/slurm.sub").read_text()
    assert "#SBATCH --mem=16000M\n" in text
    assert "#SBATCH --account=abc123\n" in text
    (names_file,) = Path("generated_features/slurm").glob("names-*.json")
    names = json.loads(names_file.read_text())
    assert names == {
        f"results/features/field_300/ccd_02_quad_{quad}.parquet": (
            f"generated_features/field_300/gen_features_field_300_ccd_2_quad_{quad}.parquet"
        )
        for quad in (1, 3)
    }
    planned = plans("generated_features/slurm/slurm.sub")
    assert planned.count("rule compute_features:") == 2


def test_scripts_that_follow_leave_the_settings_of_a_running_one_alone(here: Path) -> None:
    for frequency in ("2", "9"):
        assert generate_features_slurm.main(["--doCPU", "--max-freq", frequency]) == 0
    folder = Path("generated_features/slurm")
    found = [json.loads(path.read_text()) for path in folder.glob("config-*.json")]
    frequencies = {each["feature_generation"]["period_search"]["max_freq"] for each in found}
    assert frequencies == {2.0, 9.0}


def test_cores_are_those_that_were_asked_for_on_any_machine(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cpus in (2, 64):
        monkeypatch.setattr("scope.cli.arguments.available_cpus", lambda cpus=cpus: cpus)
        assert generate_features_slurm.main(["--doCPU", "--Ncore", "2"]) == 0
        words = command_of("generated_features/slurm/slurm.sub")
        assert words[words.index("--cores") + 1] == "2"
    assert generate_features_slurm.main(["--doCPU"]) == 0
    assert "--cores" not in command_of("generated_features/slurm/slurm.sub")


def test_without_a_gpu_none_is_asked_for(here: Path) -> None:
    assert generate_features_slurm.main(["--doCPU", "--partition-type", "shared"]) == 0
    words = command_of("generated_features/slurm/slurm.sub")
    assert words[words.index("--default-resources") + 1] == "slurm_partition='shared'"
    assert words[words.index("--set-resources") + 1] == "compute_features:gpu=0"


def test_products_are_left_where_the_documents_look_for_them(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(here / "results/a.parquet", "made")
    write(here / "names.json", json.dumps({"results/a.parquet": "generated_features/b.parquet"}))
    assert leave.main(["names.json"]) == 0
    assert (here / "generated_features/b.parquet").samefile(here / "results/a.parquet")
    (here / "results/a.parquet").unlink()
    assert leave.main(["names.json"]) == 2
    assert "no such product: 'results/a.parquet'" in capsys.readouterr().err


def test_an_inference_script_calls_run_inference_for_the_field(here: Path) -> None:
    stand_in = write(here / "python", '#!/bin/sh\necho "$@"\n')
    stand_in.chmod(0o755)
    documented = [
        "--filename",
        "get_all_preds_xgb.sh",
        "--group-name",
        "ss23",
        "--algorithm",
        "xgb",
    ]
    documented += ["--period-suffix", "ELS_ECE_EAOV", "--feature-directory", "generated_features"]
    custom = ["--use-custom-python", "--path-to-python", str(stand_in)]
    assert create_inference_script.main([*documented, *custom]) == 0
    for field in ("297", "specific_ids"):
        done = subprocess.run(
            ["./get_all_preds_xgb.sh", field, "--verbose"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == [
            *("-m", "scope.cli.run_inference", "--algorithm", "xgb"),
            *("--feature-directory", "generated_features", "--flag-ids", "--group-name", "ss23"),
            *("--period-suffix", "ELS_ECE_EAOV", "--field", field, "--whole-field", "--verbose"),
        ]
    none = subprocess.run(["./get_all_preds_xgb.sh"], capture_output=True, text=True, check=False)
    assert none.returncode == 2
    (line,) = none.stderr.splitlines()
    assert line.startswith("error: no field; give its number, or specific_ids")


def test_an_inference_script_never_replaces_another(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create_inference_script.main(["--filename", "a.sh"]) == 0
    assert create_inference_script.main(["--filename", "a.sh"]) == 2
    assert "exists already: 'a.sh'" in capsys.readouterr().err


def test_fields_are_scored_as_the_script_scores_one(here: Path) -> None:
    script = ["--filename", "get_all_preds_xgb.sh", "--algorithm", "xgb", "--group-name", "starter"]
    assert create_inference_script.main([*script, "--feature-directory", "generated"]) == 0
    arguments = ["--scriptname", "get_all_preds_xgb.sh", "--fields", "300", "--gpus", "0"]
    assert run_inference_slurm.main([*arguments, "--cluster-name", "Expanse"]) == 0
    planned = plans("xgb_inference/slurm/slurm.sub")
    assert planned.count("rule infer:") == 1
    assert "results/preds_xgb/field_300.parquet" in planned
    last = Path("xgb_inference/slurm/slurm.sub").read_text().splitlines()[-1]
    assert last == "./get_all_preds_xgb.sh 300"
    # Features that lie where the script looks are not made again.
    write(here / "generated/field_300/ccd_02_quad_3.parquet")
    assert run_inference_slurm.main(arguments) == 0
    text = Path("xgb_inference/slurm/slurm.sub").read_text()
    assert "snakemake" not in text.lower().replace("scope.cli.main", "")
    assert text.splitlines()[-1] == last


def test_jobs_of_the_workflow_score_only_with_models_that_it_finds(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout = Path(run_inference_slurm.__file__).parents[2]
    shutil.copytree(checkout / "models/xgb/starter", here / "elsewhere/models/xgb/starter")
    named = ["--algorithm", "xgb", "--group-name", "starter"]
    assert create_inference_script.main(["--filename", "a.sh", *named]) == 0
    text = Path("a.sh").read_text()
    Path("a.sh").write_text(text.replace(" --field", " --models-dir elsewhere/models --field"))
    assert run_inference_slurm.main(["--scriptname", "a.sh", "--fields", "300"]) == 2
    assert "elsewhere/models/xgb/starter, cpu" in capsys.readouterr().err


def test_scripts_that_are_not_there_are_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_inference_slurm.main(["--scriptname", "none.sh"]) == 2
    assert "create-inference-script --filename none.sh" in capsys.readouterr().err
    write(here / "other.sh", "echo hello\n")
    assert run_inference_slurm.main(["--scriptname", "other.sh"]) == 2
    assert "scores no field: 'other.sh'" in capsys.readouterr().err
    assert train_algorithm_slurm.main(["--scriptname", "none.sh"]) == 2
    assert "create-training-script --filename none.sh" in capsys.readouterr().err
    # Other lines of a script are its writer's; its own commands have to be whole.
    write(here / "cut.sh", "echo don't\nscope-train --tag 'vnv\n")
    assert train_algorithm_slurm.main(["--scriptname", "cut.sh"]) == 2
    assert "no shell can read, in cut.sh" in capsys.readouterr().err
    write(here / "cut.sh", "exec python -m scope.cli.run_inference --algorithm xgb\n")
    assert run_inference_slurm.main(["--scriptname", "cut.sh"]) == 2
    assert "scores no field: 'cut.sh'" in capsys.readouterr().err


def test_each_class_of_a_training_script_is_a_job_of_an_array(here: Path) -> None:
    write(
        here / "train_script.sh",
        "#!/bin/bash\nscope-train --tag vnv --save\nscope-train --tag 'e' --epochs 3\n",
    )
    assert train_algorithm_slurm.main(["--gpus", "1", "--memory-GB", "64", "--sweep"]) == 0
    text = Path("training/slurm/slurm.sub").read_text()
    assert "#SBATCH --array=1-2\n" in text
    assert "#SBATCH --gres=gpu:1\n" in text
    stand_in = text.replace(sys.executable, "echo")
    for number, expected in (("1", "--tag vnv --save"), ("2", "--tag e --epochs 3")):
        done = subprocess.run(
            ["bash", "-c", stand_in],
            env={**os.environ, "SLURM_ARRAY_TASK_ID": number},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == f"-m scope.cli.train {expected} --run-sweeps"


def test_options_of_combining_are_checked_before_the_job_runs(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert combine_preds_slurm.main(["--memory-GB", "128", "--", "--merge-dnn-xgb"]) == 0
    assert (
        "scope.cli.combine_preds --merge-dnn-xgb\n"
        in Path("combine_preds/slurm/slurm.sub").read_text()
    )
    assert combine_preds_slurm.main(["--", "--no-such-option"]) == 2
    assert "--no-such-option" in capsys.readouterr().err


def test_a_script_that_was_written_is_submitted_once(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = fake_slurm(here, [])["PATH"]
    write(here / "bin/sbatch", "#!/bin/sh\necho Submitted batch job 8\n").chmod(0o755)
    monkeypatch.setenv("PATH", path)
    assert generate_features_job_submission.main([]) == 2
    assert "no such batch script: 'generated_features/slurm/slurm.sub'" in capsys.readouterr().err
    assert generate_features_slurm.main([]) == 0
    assert generate_features_job_submission.main(["--user", "me", "--reset-running"]) == 0
    said = capsys.readouterr()
    assert "submitted generated_features/slurm/slurm.sub as job 8" in said.out
    assert "--user has no effect" in said.err
    assert run_inference_job_submission.main(["--algorithm", "xgb"]) == 2
    assert "xgb_inference/slurm/slurm.sub" in capsys.readouterr().err
    assert train_algorithm_job_submission.main(["--no-such-option"]) == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--job-name", "a/b"],
        ["--mail-user", "a@b;c"],
        ["--account-name", "a\n#SBATCH --x"],
        ["--partition-type", 'a"b'],
        ["--submit-partition-type", "a b"],
        ["--time", "5x"],
        ["--profile", "none"],
        ["--dirname", "a\nb"],
    ],
)
def test_what_slurm_cannot_be_given_leaves_nothing_behind(
    here: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    before = sorted(here.rglob("*"))
    assert generate_features_slurm.main(["--fields", "300", *options]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert sorted(here.rglob("*")) == before
